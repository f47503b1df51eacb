package dev.longspan.kernels.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Markdown tables of benchmark records: one for each bench, unit, machine and command.
 *
 * <p>A peer's column holds its figure and, in parentheses, how many times as fast ours is.
 */
public final class RecordTable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private RecordTable() {}

  /**
   * Renders records.
   *
   * @param places files of JSON lines, or folders that hold such files ({@code .jsonl}) at any
   *     depth
   * @throws IllegalArgumentException if one cannot be read; the message says where and why
   */
  public static String of(List<Path> places) {
    Map<String, List<JsonNode>> tables = new LinkedHashMap<>();
    for (Path place : places) {
      for (Path file : files(place)) {
        for (JsonNode record : records(file)) {
          tables.computeIfAbsent(heading(record), h -> new ArrayList<>()).add(record);
        }
      }
    }
    return tables.entrySet().stream()
        .map(table -> table.getKey() + "\n\n" + render(table.getValue()))
        .collect(Collectors.joining("\n"));
  }

  private static Set<Path> files(Path place) {
    if (!Files.isDirectory(place)) {
      return Set.of(place);
    }
    try (Stream<Path> all = Files.walk(place)) {
      return all.filter(file -> file.toString().endsWith(".jsonl"))
          .collect(Collectors.toCollection(TreeSet::new));
    } catch (IOException e) {
      throw new IllegalArgumentException("folder " + place + " cannot be read: " + e, e);
    }
  }

  private static List<JsonNode> records(Path file) {
    List<JsonNode> records = new ArrayList<>();
    int line = 0;
    try {
      for (String text : Files.readAllLines(file)) {
        line++;
        if (text.isBlank()) {
          continue;
        }
        JsonNode record = JSON.readTree(text);
        for (String field : List.of("bench", "case", "ours", "unit", "device", "command")) {
          if (!record.has(field)) {
            throw new IllegalArgumentException(
                file + ", line " + line + " is no benchmark record: it has no '" + field + "'");
          }
        }
        records.add(record);
      }
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(
          file + ", line " + line + " is no JSON: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new IllegalArgumentException(file + " cannot be read: " + e, e);
    }
    return records;
  }

  private static String heading(JsonNode record) {
    String driver = record.has("driver") ? ", driver " + record.path("driver").asText() : "";
    return String.format(
        "**%s**, %s, on %s%s, %s, commit %s: `%s`",
        record.path("bench").asText(),
        record.path("unit").asText(),
        record.path("device").asText(),
        driver,
        record.path("date").asText(),
        record.path("commit").asText(),
        record.path("command").asText());
  }

  private static String render(List<JsonNode> records) {
    Set<String> details = names(records, "details");
    Set<String> peers = names(records, "peers");
    List<String> head = new ArrayList<>(List.of("case", "ours"));
    head.addAll(details);
    head.addAll(peers);
    head.add("rate");
    StringBuilder table = new StringBuilder(row(head)).append("|---|");
    table.append("---:|".repeat(head.size() - 1)).append('\n');
    for (JsonNode record : records) {
      List<String> cells = new ArrayList<>();
      cells.add(record.path("case").asText());
      cells.add(number(record.path("ours").asDouble()));
      details.forEach(name -> cells.add(optional(record.path("details").path(name))));
      peers.forEach(name -> cells.add(peer(record, record.path("peers").path(name))));
      cells.add(record.path("rate").asText());
      table.append(row(cells));
    }
    return table.toString();
  }

  private static Set<String> names(List<JsonNode> records, String field) {
    Set<String> names = new LinkedHashSet<>();
    records.forEach(record -> record.path(field).fieldNames().forEachRemaining(names::add));
    return names;
  }

  private static String row(List<String> cells) {
    return "| " + String.join(" | ", cells) + " |\n";
  }

  private static String optional(JsonNode value) {
    return value.isNumber() ? number(value.asDouble()) : "";
  }

  private static String peer(JsonNode record, JsonNode value) {
    if (!value.isNumber()) {
      return "";
    }
    double ratio = value.asDouble() / record.path("ours").asDouble();
    boolean moreIsBetter = record.path("unit").asText().contains("/");
    return String.format(
        Locale.ROOT, "%s (%.2fx)", number(value.asDouble()), moreIsBetter ? 1 / ratio : ratio);
  }

  /** Returns three digits, or all before the point. */
  private static String number(double value) {
    double size = Math.abs(value);
    int decimals = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
    return String.format(Locale.ROOT, "%,." + decimals + "f", value);
  }
}
