package dev.longspan.datasets.ruler;

import dev.longspan.datasets.DatasetException;
import dev.longspan.datasets.Json;
import dev.longspan.datasets.prose.Chronicle;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.text.BreakIterator;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * Where the prose around needles comes from: files, read from their beginning and again when they
 * end, or a generated record, another one for each sample.
 */
final class Haystack {
  private final String id;
  private final List<String> sentences;

  private Haystack(String id, List<String> sentences) {
    this.id = id;
    this.sentences = sentences;
  }

  /**
   * Reads {@code source}: a text file, a JSON file or line with a {@code text} field, or a folder
   * whose {@code .txt} files are read in the order of their names; null stands for generated prose.
   */
  static Haystack of(Path source) {
    if (source == null) {
      return new Haystack(Chronicle.ID, null);
    }
    try {
      MessageDigest digest = Source.sha256();
      StringBuilder text = new StringBuilder();
      for (Path file : files(source)) {
        byte[] content = Files.readAllBytes(file);
        digest.update(content);
        text.append(text(file, new String(content, StandardCharsets.UTF_8))).append('\n');
      }
      List<String> sentences = sentences(text.toString());
      if (sentences.isEmpty()) {
        throw new DatasetException("The haystack " + source + " holds no text");
      }
      return new Haystack(Source.id(source, digest), sentences);
    } catch (IOException e) {
      throw new DatasetException("Cannot read the haystack " + source + ": " + e, e);
    }
  }

  /** Returns the name of the source in results. */
  String id() {
    return id;
  }

  /** Opens the prose for the sample of {@code seed}. */
  Essay open(long seed) {
    return sentences == null
        ? Essay.generated(seed)
        : new Essay(i -> sentences.get(i % sentences.size()));
  }

  private static List<Path> files(Path source) throws IOException {
    if (!Files.isDirectory(source)) {
      return List.of(source);
    }
    try (Stream<Path> entries = Files.list(source)) {
      List<Path> files = entries.filter(file -> file.toString().endsWith(".txt")).sorted().toList();
      if (files.isEmpty()) {
        throw new DatasetException("The haystack folder " + source + " holds no .txt file");
      }
      return files;
    }
  }

  private static String text(Path file, String content) {
    if (!file.toString().endsWith(".json") && !file.toString().endsWith(".jsonl")) {
      return content;
    }
    return Json.parse(file.toString(), content).text("text");
  }

  private static List<String> sentences(String text) {
    String line = text.replaceAll("(?U)\\s+", " ").strip();
    BreakIterator breaks = BreakIterator.getSentenceInstance(Locale.ENGLISH);
    breaks.setText(line);
    List<String> sentences = new ArrayList<>();
    for (int from = breaks.first(), to = breaks.next();
        to != BreakIterator.DONE;
        from = to, to = breaks.next()) {
      sentences.add(line.substring(from, to).strip());
    }
    sentences.removeIf(String::isEmpty);
    return sentences;
  }
}
