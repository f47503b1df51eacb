package dev.longspan.datasets;

import com.fasterxml.jackson.databind.node.JsonNodeType;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Spliterators;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** Reads files of one JSON object per line. */
public final class JsonLines {
  private JsonLines() {}

  /**
   * Opens {@code file}; blank lines are skipped, and the stream must be closed.
   *
   * @throws DatasetException if the file cannot be read; the stream throws it for a bad line
   */
  public static Stream<Json> read(Path file) {
    BufferedReader reader;
    try {
      reader = Files.newBufferedReader(file);
    } catch (IOException e) {
      throw unreadable(file, e);
    }
    return read(file, reader);
  }

  /**
   * Opens what {@code reader} reads, for example a resource; the stream must be closed.
   *
   * @param file what messages call it
   */
  public static Stream<Json> read(Path file, BufferedReader reader) {
    return StreamSupport.stream(new Rows(file, reader), false).onClose(() -> close(reader));
  }

  private static final class Rows extends Spliterators.AbstractSpliterator<Json> {
    private final Path file;
    private final BufferedReader reader;
    private int line;

    Rows(Path file, BufferedReader reader) {
      super(Long.MAX_VALUE, ORDERED | NONNULL);
      this.file = file;
      this.reader = reader;
    }

    @Override
    public boolean tryAdvance(Consumer<? super Json> action) {
      String text;
      try {
        do {
          text = reader.readLine();
          line++;
        } while (text != null && text.isBlank());
      } catch (IOException e) {
        throw unreadable(file, e);
      }
      if (text != null) {
        action.accept(Json.parse(file + " line " + line, text).expect(JsonNodeType.OBJECT));
      }
      return text != null;
    }
  }

  private static DatasetException unreadable(Path file, IOException e) {
    String why = e instanceof CharacterCodingException ? "it is not UTF-8 text" : String.valueOf(e);
    return new DatasetException("Cannot read " + file + ": " + why, e);
  }

  private static void close(BufferedReader reader) {
    try {
      reader.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
