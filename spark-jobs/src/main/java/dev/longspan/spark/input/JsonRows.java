package dev.longspan.spark.input;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import dev.longspan.datasets.Message;
import dev.longspan.spark.run.Json;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.sql.Row;

/** JSON objects as prompts; what is wrong with one is said with its place. */
final class JsonRows {
  private static final ObjectReader READER =
      Json.MAPPER.reader().with(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private final InputSpec spec;
  private final RowBuilder rows;

  JsonRows(InputSpec spec) {
    this.spec = spec;
    rows = new RowBuilder(spec);
  }

  /**
   * Returns the row of a line.
   *
   * @param file short name of the file
   * @param place file and line, which is also the id of a row without one
   */
  Row row(String file, String place, String line) {
    JsonNode node;
    try {
      node = READER.readTree(line);
    } catch (JsonProcessingException e) {
      return rows.problem(
          file, place, place + " is no JSON: " + e.getOriginalMessage() + ". Repair the line.");
    }
    if (!node.isObject()) {
      return rows.problem(
          file, place, place + " is " + kind(node) + "; each line must be a JSON object.");
    }
    return row(file, place, node);
  }

  /** Returns the row of an object. */
  Row row(String file, String place, JsonNode node) {
    String id = place;
    String idColumn = spec.idColumn() == null ? "id" : spec.idColumn();
    JsonNode named = node.path(idColumn);
    if (named.isTextual() || named.isNumber()) {
      id = named.asText();
    } else if (spec.idColumn() != null) {
      return rows.problem(file, place, missing(place, idColumn, "a text or a number", node));
    }
    try {
      return rows.prompt(file, id, messages(place, node));
    } catch (BadRow e) {
      return rows.problem(file, id, e.getMessage());
    }
  }

  private List<Message> messages(String place, JsonNode node) throws BadRow {
    boolean conversation =
        spec.messagesColumn() != null || spec.textColumn() == null && node.has("messages");
    if (conversation) {
      String column = spec.messagesColumn() == null ? "messages" : spec.messagesColumn();
      return conversation(place, column, node);
    }
    String column = spec.textColumn() == null ? "text" : spec.textColumn();
    JsonNode text = node.path(column);
    if (!text.isTextual()) {
      throw new BadRow(missing(place, column, "a text", node));
    }
    if (text.asText().isEmpty()) {
      throw new BadRow(place + ": '" + column + "' is empty; there is nothing to answer.");
    }
    return List.of(Message.user(text.asText()));
  }

  private static List<Message> conversation(String place, String column, JsonNode node)
      throws BadRow {
    JsonNode list = node.path(column);
    if (!list.isArray() || list.isEmpty()) {
      throw new BadRow(missing(place, column, "a list of turns", node));
    }
    List<Message> messages = new ArrayList<>();
    for (JsonNode turn : list) {
      JsonNode role = turn.path("role");
      JsonNode content = turn.path("content");
      if (!role.isTextual() || !content.isTextual()) {
        throw new BadRow(
            place
                + ": turn "
                + (messages.size() + 1)
                + " of '"
                + column
                + "' needs 'role' and 'content', both texts.");
      }
      messages.add(new Message(role.asText(), content.asText()));
    }
    return messages;
  }

  private static String missing(String place, String column, String expected, JsonNode node) {
    JsonNode found = node.path(column);
    if (!found.isMissingNode()) {
      return place + ": '" + column + "' is " + kind(found) + "; expected " + expected + ".";
    }
    List<String> names = new ArrayList<>();
    for (Iterator<String> fields = node.fieldNames(); fields.hasNext(); ) {
      names.add(fields.next());
    }
    return place
        + " has no '"
        + column
        + "', only "
        + (names.isEmpty() ? "nothing" : String.join(", ", names))
        + "; name the right one with --text-column, --messages-column or --id-column.";
  }

  private static String kind(JsonNode node) {
    return switch (node.getNodeType()) {
      case STRING -> "a text";
      case ARRAY -> node.isEmpty() ? "an empty list" : "a list";
      case MISSING -> "nothing";
      case NUMBER -> "a number";
      case OBJECT -> "an object";
      default -> node.toString();
    };
  }

  private static final class BadRow extends Exception {
    private static final long serialVersionUID = 1;

    BadRow(String message) {
      super(message);
    }
  }
}
