package dev.longspan.datasets.longppl;

import dev.longspan.datasets.DatasetException;
import dev.longspan.datasets.Json;
import dev.longspan.datasets.JsonLines;
import dev.longspan.datasets.TextCodec;
import dev.longspan.datasets.prose.Chronicle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * A long text whose tokens are predicted.
 *
 * @param id name of the document
 * @param text what it says
 */
public record LongDocument(String id, String text) {
  /**
   * Reads the text files of a folder, in the order of their names, or a file of one JSON object a
   * line with the document in {@code field}.
   *
   * @throws DatasetException if there is no document, or one cannot be read
   */
  public static List<LongDocument> read(Path source, String field) {
    List<LongDocument> documents = Files.isDirectory(source) ? folder(source) : rows(source, field);
    if (documents.isEmpty()) {
      throw new DatasetException(
          source + " holds no documents; .txt files or one JSON object a line were expected");
    }
    return documents;
  }

  private static List<LongDocument> folder(Path source) {
    try (Stream<Path> files = Files.list(source)) {
      List<LongDocument> documents = new ArrayList<>();
      for (Path file : (Iterable<Path>) files.sorted()::iterator) {
        String name = file.getFileName().toString();
        if (name.endsWith(".txt")) {
          documents.add(
              new LongDocument(name.substring(0, name.length() - 4), Files.readString(file)));
        }
      }
      return documents;
    } catch (IOException e) {
      throw new DatasetException("Cannot read the documents in " + source + ": " + e, e);
    }
  }

  private static List<LongDocument> rows(Path source, String field) {
    List<LongDocument> documents = new ArrayList<>();
    try (Stream<Json> rows = JsonLines.read(source)) {
      rows.forEach(
          row ->
              documents.add(new LongDocument(String.valueOf(documents.size()), row.text(field))));
    }
    return documents;
  }

  /**
   * Returns the first {@code count} documents of at least {@code minTokens} tokens, each cut to
   * {@code maxTokens}; the paper takes 50 of at least 16,384, cut to 32,767.
   *
   * @throws DatasetException if fewer are long enough
   */
  public static List<LongDocument> select(
      List<LongDocument> documents, TextCodec codec, int count, int minTokens, int maxTokens) {
    List<LongDocument> selected = new ArrayList<>();
    for (LongDocument document : documents) {
      int[] tokens = codec.encode(document.text);
      if (tokens.length >= minTokens && selected.size() < count) {
        int length = Math.min(maxTokens, tokens.length);
        selected.add(new LongDocument(document.id, codec.decode(Arrays.copyOf(tokens, length))));
      }
    }
    if (selected.size() < count) {
      throw new DatasetException(
          "Only %d of %d documents have at least %d tokens, but %d are wanted; ask for fewer, or for shorter ones"
              .formatted(selected.size(), documents.size(), minTokens, count));
    }
    return selected;
  }

  /** Returns prose of our own, in which later entries come back to earlier ones. */
  public static LongDocument own(long seed, int sentences) {
    Chronicle chronicle = new Chronicle(seed);
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < sentences; i++) {
      text.append(i == 0 ? "" : " ").append(chronicle.sentence(i));
    }
    return new LongDocument(Chronicle.ID + "-" + seed, text.toString());
  }
}
