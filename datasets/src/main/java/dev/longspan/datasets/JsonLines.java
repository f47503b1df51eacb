package dev.longspan.datasets;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.node.JsonNodeType;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Spliterators;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** Reads files of one JSON object per line; what is wrong is said with file, line and field. */
public final class JsonLines {
  private static final ObjectReader READER =
      new ObjectMapper()
          .readerFor(JsonNode.class)
          .with(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private JsonLines() {}

  /**
   * Opens {@code file}; blank lines are skipped, and the stream must be closed.
   *
   * @throws DatasetException if the file cannot be read; the stream throws it for a bad line
   */
  public static Stream<Row> read(Path file) {
    BufferedReader reader;
    try {
      reader = Files.newBufferedReader(file);
    } catch (IOException e) {
      throw unreadable(file, e);
    }
    return StreamSupport.stream(new Rows(file, reader), false).onClose(() -> close(reader));
  }

  private static final class Rows extends Spliterators.AbstractSpliterator<Row> {
    private final Path file;
    private final BufferedReader reader;
    private int line;

    Rows(Path file, BufferedReader reader) {
      super(Long.MAX_VALUE, ORDERED | NONNULL);
      this.file = file;
      this.reader = reader;
    }

    @Override
    public boolean tryAdvance(Consumer<? super Row> action) {
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
        action.accept(parse(file, line, text));
      }
      return text != null;
    }
  }

  private static Row parse(Path file, int line, String text) {
    JsonNode node;
    try {
      node = READER.readValue(text);
    } catch (JsonProcessingException e) {
      throw new DatasetException(
          "%s line %d: not a JSON object: %s".formatted(file, line, e.getOriginalMessage()), e);
    }
    if (!node.isObject()) {
      throw new DatasetException(
          "%s line %d: expected a JSON object, found %s".formatted(file, line, type(node)));
    }
    return new Row(file, line, node);
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

  private static String type(JsonNode node) {
    return node.isMissingNode() ? "nothing" : node.getNodeType().name().toLowerCase(Locale.ROOT);
  }

  /**
   * One line.
   *
   * @param file where it stands
   * @param line its number, counted from 1
   * @param json its content
   */
  public record Row(Path file, int line, JsonNode json) {
    /** Returns the text in {@code field}. */
    public String text(String field) {
      return expect(field, json.path(field), JsonNodeType.STRING).asText();
    }

    /** Returns the text in {@code field}, or {@code otherwise} if the line has no such field. */
    public String text(String field, String otherwise) {
      return json.hasNonNull(field) ? text(field) : otherwise;
    }

    /** Returns the whole number in {@code field}. */
    public int number(String field) {
      JsonNode node = expect(field, json.path(field), JsonNodeType.NUMBER);
      if (!node.canConvertToExactIntegral() || !node.canConvertToInt()) {
        throw wrong(field, "a whole number", node.toString());
      }
      return node.asInt();
    }

    /** Returns the texts in the array {@code field}. */
    public List<String> texts(String field) {
      List<String> texts = new ArrayList<>();
      for (JsonNode item : expect(field, json.path(field), JsonNodeType.ARRAY)) {
        texts.add(expect(field + "[" + texts.size() + "]", item, JsonNodeType.STRING).asText());
      }
      return texts;
    }

    /** Returns the objects in the array {@code field}; their fields are named with its index. */
    public List<JsonNode> objects(String field) {
      List<JsonNode> objects = new ArrayList<>();
      for (JsonNode item : expect(field, json.path(field), JsonNodeType.ARRAY)) {
        objects.add(expect(field + "[" + objects.size() + "]", item, JsonNodeType.OBJECT));
      }
      return objects;
    }

    /** Returns the texts in the object {@code field} by name. */
    public Map<String, String> map(String field) {
      Map<String, String> map = new LinkedHashMap<>();
      for (Map.Entry<String, JsonNode> entry :
          expect(field, json.path(field), JsonNodeType.OBJECT).properties()) {
        String path = field + "." + entry.getKey();
        map.put(entry.getKey(), expect(path, entry.getValue(), JsonNodeType.STRING).asText());
      }
      return map;
    }

    /** Returns {@code node}, which stands in {@code field}, if it is of {@code type}. */
    public JsonNode expect(String field, JsonNode node, JsonNodeType type) {
      if (node.getNodeType() != type) {
        throw wrong(field, type.name().toLowerCase(Locale.ROOT), type(node));
      }
      return node;
    }

    /** Returns the error for a field that does not hold what is expected. */
    public DatasetException wrong(String field, String expected, String found) {
      return new DatasetException(
          "%s line %d: field \"%s\": expected %s, found %s"
              .formatted(file, line, field, expected, found));
    }
  }
}
