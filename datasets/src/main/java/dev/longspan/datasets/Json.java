package dev.longspan.datasets;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.node.JsonNodeType;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A JSON value that knows where it stands: what is wrong with it is said with file, field, what was
 * expected and what was found.
 */
public final class Json implements Serializable {
  private static final long serialVersionUID = 1;

  private static final ObjectReader READER =
      new ObjectMapper()
          .readerFor(JsonNode.class)
          .with(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private final String where;
  private final String path;
  private final JsonNode node;

  private Json(String where, String path, JsonNode node) {
    this.where = where;
    this.path = path;
    this.node = node;
  }

  /**
   * Parses {@code text}.
   *
   * @param where the file, or file and line, for messages
   * @throws DatasetException if it is not one JSON value
   */
  public static Json parse(String where, String text) {
    try {
      return new Json(where, "", READER.readValue(text));
    } catch (JsonProcessingException e) {
      throw new DatasetException(where + ": not JSON: " + e.getOriginalMessage(), e);
    }
  }

  /**
   * Returns a tree that is there already.
   *
   * @param where the file and row, for messages
   */
  public static Json of(String where, JsonNode tree) {
    return new Json(where, "", tree);
  }

  /** Returns the value that is written as JSON in the text {@code field}. */
  public Json embedded(String field) {
    String name = path.isEmpty() ? field : path + "." + field;
    return parse(where + ": field \"" + name + "\"", text(field));
  }

  /** Returns whether there is a value other than null in {@code field}. */
  public boolean has(String field) {
    return node.hasNonNull(field);
  }

  /** Returns whether there is a text in {@code field}. */
  public boolean isText(String field) {
    return node.path(field).isTextual();
  }

  /** Returns the value in {@code field}, which may be anything or missing. */
  public Json at(String field) {
    return new Json(where, path.isEmpty() ? field : path + "." + field, node.path(field));
  }

  /** Returns the text in {@code field}. */
  public String text(String field) {
    return at(field).expect(JsonNodeType.STRING).node.asText();
  }

  /** Returns whether {@code field} holds true; a missing one does not. */
  public boolean flag(String field) {
    return has(field) && at(field).expect(JsonNodeType.BOOLEAN).node.asBoolean();
  }

  /** Returns the whole number in {@code field}. */
  public int number(String field) {
    Json value = at(field).expect(JsonNodeType.NUMBER);
    if (!value.node.canConvertToExactIntegral() || !value.node.canConvertToInt()) {
      throw value.wrong("a whole number", value.node.toString());
    }
    return value.node.asInt();
  }

  /** Returns the whole number in {@code field}, which must be at least {@code least}. */
  public int number(String field, int least) {
    int number = number(field);
    if (number < least) {
      throw at(field).wrong("a number of at least " + least, String.valueOf(number));
    }
    return number;
  }

  /** Returns the number in {@code field}, which must be at least {@code least}. */
  public double decimal(String field, double least) {
    Json value = at(field).expect(JsonNodeType.NUMBER);
    if (value.node.asDouble() < least) {
      throw value.wrong("a number of at least " + least, value.node.toString());
    }
    return value.node.asDouble();
  }

  /** Returns the elements of the array in {@code field}. */
  public List<Json> list(String field) {
    return at(field).elements();
  }

  /** Returns the elements of this array. */
  public List<Json> elements() {
    List<Json> elements = new ArrayList<>();
    for (JsonNode element : expect(JsonNodeType.ARRAY).node) {
      elements.add(new Json(where, path + "[" + elements.size() + "]", element));
    }
    return elements;
  }

  /** Returns the texts in the array {@code field}. */
  public List<String> texts(String field) {
    return list(field).stream().map(Json::asText).toList();
  }

  /** Returns the texts in the object {@code field} by name. */
  public Map<String, String> map(String field) {
    Json object = at(field).expect(JsonNodeType.OBJECT);
    Map<String, String> map = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> entry : object.node.properties()) {
      map.put(entry.getKey(), object.text(entry.getKey()));
    }
    return map;
  }

  /** Returns the text in {@code field}, or the number in it as text. */
  public String textOrNumber(String field) {
    Json value = at(field);
    return value.node.isNumber() ? value.node.asText() : value.asText();
  }

  /** Returns this text. */
  public String asText() {
    return expect(JsonNodeType.STRING).node.asText();
  }

  /** Returns this value if it is of {@code type}. */
  public Json expect(JsonNodeType type) {
    if (node.getNodeType() != type) {
      String found = node.isMissingNode() ? "nothing" : name(node.getNodeType());
      throw wrong(name(type), found);
    }
    return this;
  }

  /** Returns the value as JSON text. */
  @Override
  public String toString() {
    return node.toString();
  }

  /** Returns the error for a value that is not what is expected. */
  public DatasetException wrong(String expected, String found) {
    String field = path.isEmpty() ? "" : "field \"" + path + "\": ";
    return new DatasetException(
        "%s: %sexpected %s, found %s".formatted(where, field, expected, found));
  }

  private static String name(JsonNodeType type) {
    return type.name().toLowerCase(Locale.ROOT);
  }
}
