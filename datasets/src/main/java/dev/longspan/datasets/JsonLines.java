package dev.longspan.datasets;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeType;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** Reads files of one JSON object per line, or of one array of objects, one row at a time. */
public final class JsonLines {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private JsonLines() {}

  /**
   * Opens {@code file}; blank lines are skipped, and the stream must be closed.
   *
   * @throws DatasetException if the file cannot be read; the stream throws it for a bad row
   */
  public static Stream<Json> read(Path file) {
    try {
      return read(file.toString(), Files.newInputStream(file));
    } catch (IOException e) {
      throw unreadable(file.toString(), e);
    }
  }

  /**
   * Reads what {@code in} holds, for example a resource; the stream must be closed.
   *
   * @param name what messages call it
   */
  public static Stream<Json> read(String name, InputStream in) {
    // A decoder of one's own refuses what is not UTF-8 instead of replacing it.
    BufferedReader reader =
        new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8.newDecoder()));
    return StreamSupport.stream(rows(name, reader), false).onClose(() -> close(reader));
  }

  /** An array begins with a bracket, which no line with an object does. */
  private static Spliterator<Json> rows(String name, BufferedReader reader) {
    try {
      int first;
      do {
        reader.mark(1);
        first = reader.read();
      } while (first >= 0 && first != '\n' && Character.isWhitespace(first));
      if (first >= 0) {
        reader.reset();
      }
      return first == '[' ? new Elements(name, reader) : new Lines(name, reader);
    } catch (IOException e) {
      throw unreadable(name, e);
    }
  }

  private static final class Lines extends Spliterators.AbstractSpliterator<Json> {
    private final String name;
    private final BufferedReader reader;
    private int line;

    Lines(String name, BufferedReader reader) {
      super(Long.MAX_VALUE, ORDERED | NONNULL);
      this.name = name;
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
        throw unreadable(name, e);
      }
      if (text != null) {
        action.accept(Json.parse(name + " line " + line, text).expect(JsonNodeType.OBJECT));
      }
      return text != null;
    }
  }

  private static final class Elements extends Spliterators.AbstractSpliterator<Json> {
    private final String name;
    private final JsonParser parser;
    private int row;

    Elements(String name, BufferedReader reader) throws IOException {
      super(Long.MAX_VALUE, ORDERED | NONNULL);
      this.name = name;
      parser = MAPPER.createParser(reader);
      parser.nextToken();
    }

    @Override
    public boolean tryAdvance(Consumer<? super Json> action) {
      row++;
      String where = name + " row " + row;
      JsonNode tree;
      try {
        if (parser.nextToken() == JsonToken.END_ARRAY) {
          return false;
        }
        tree = MAPPER.readTree(parser);
      } catch (JsonProcessingException e) {
        throw new DatasetException(where + ": not JSON: " + e.getOriginalMessage(), e);
      } catch (IOException e) {
        throw unreadable(name, e);
      }
      action.accept(Json.of(where, tree).expect(JsonNodeType.OBJECT));
      return true;
    }
  }

  private static DatasetException unreadable(String name, IOException e) {
    String why = e instanceof CharacterCodingException ? "it is not UTF-8 text" : String.valueOf(e);
    return new DatasetException("Cannot read " + name + ": " + why, e);
  }

  private static void close(BufferedReader reader) {
    try {
      reader.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
