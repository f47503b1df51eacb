package dev.longspan.eval.report;

import com.fasterxml.jackson.databind.JsonNode;
import dev.longspan.eval.Scores;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/** What ran and how it was scored; what the manifest does not say is left out. */
final class Facts {
  private static final int DIGEST = 16;

  private static final Pattern LONG = Pattern.compile("\\b([0-9a-f]{16})[0-9a-f]{48}\\b");

  /** Fields of a suite that have a place of their own. */
  private static final Set<String> SHOWN = Set.of("name", "version", "tasks", "lengths");

  private final List<List<String>> rows = new ArrayList<>();

  private Facts() {}

  static Table table(ReportData data) {
    JsonNode manifest = data.manifest();
    Facts facts = new Facts();
    JsonNode model = manifest.path("model");
    facts.add("Model", join(model, "name", "architecture"), count(model, "parameters"));
    facts.add("Model digest", digest(model.path("digest")), "");
    facts.add("Tokenizer digest", digest(model.path("tokenizer_digest")), "");
    facts.add("Template digest", digest(model.path("template_digest")), "");
    for (JsonNode method : manifest.path("methods")) {
      String name = text(method.path("name"));
      String settings = text(method.path("settings"));
      facts.add("Method", settings.startsWith(name) ? "" : name, settings);
    }
    for (JsonNode suite : manifest.path("suites")) {
      String version = text(suite.path("version"));
      facts.add(
          "Suite",
          text(suite.path("name")),
          version.isEmpty() ? "" : "version " + version,
          suite(suite));
    }
    for (Scores.Suite suite : data.scores().suites()) {
      if (!suite.settings().isEmpty()) {
        List<String> settings =
            new ArrayList<>(List.of(suite.suite(), "version " + suite.scorer()));
        suite
            .settings()
            .forEach(
                (name, value) -> settings.add(name + " " + LONG.matcher(value).replaceAll("$1…")));
        facts.add("Scoring", settings.toArray(String[]::new));
      }
    }
    facts.add("Sampling", text(manifest.path("sampling")), "");
    facts.add("Hardware", text(manifest.path("hardware")), "");
    facts.add("Software", text(manifest.path("software")), "");
    facts.add("Started", text(manifest.at("/times/started")), wall(manifest));
    facts.add("Rows", text(manifest.path("counts")), "");
    facts.add("Command", command(manifest.path("command")), "");
    return new Table("ll", List.of("", ""), facts.rows);
  }

  /** Returns the name of the model, or an empty text. */
  static String model(JsonNode manifest) {
    return text(manifest.at("/model/name"));
  }

  static String started(JsonNode manifest) {
    return text(manifest.at("/times/started"));
  }

  private void add(String label, String... parts) {
    String value =
        Arrays.stream(parts).filter(part -> !part.isEmpty()).collect(Collectors.joining(" · "));
    if (!value.isEmpty()) {
      rows.add(List.of(label, value));
    }
  }

  /** The manifest has the rest; this much tells two models apart. */
  private static String digest(JsonNode node) {
    String digest = text(node);
    return digest.length() > DIGEST ? digest.substring(0, DIGEST) + "…" : digest;
  }

  private static String suite(JsonNode suite) {
    List<String> parts = new ArrayList<>();
    int tasks = suite.path("tasks").size();
    parts.add(tasks == 0 ? "" : tasks + (tasks == 1 ? " task" : " tasks"));
    String lengths =
        StreamSupport.stream(suite.path("lengths").spliterator(), false)
            .filter(length -> length.asLong() > 0)
            .map(length -> Format.count(length.asLong()))
            .collect(Collectors.joining(" / "));
    parts.add(lengths.isEmpty() ? "" : "lengths " + lengths);
    suite
        .fields()
        .forEachRemaining(
            field -> {
              String value = SHOWN.contains(field.getKey()) ? "" : text(field.getValue());
              parts.add(value.isEmpty() ? "" : field.getKey().replace('_', ' ') + " " + value);
            });
    return parts.stream().filter(part -> !part.isEmpty()).collect(Collectors.joining(" · "));
  }

  private static String join(JsonNode node, String... fields) {
    List<String> parts = new ArrayList<>();
    for (String field : fields) {
      parts.add(text(node.path(field)));
    }
    return parts.stream().filter(part -> !part.isEmpty()).collect(Collectors.joining(" · "));
  }

  private static String count(JsonNode node, String field) {
    return node.path(field).isNumber() ? Format.count(node.path(field).asLong()) + " " + field : "";
  }

  private static String wall(JsonNode manifest) {
    JsonNode seconds = manifest.at("/times/wall_seconds");
    return seconds.isNumber() ? "took " + Format.seconds(seconds.asDouble()) : "";
  }

  private static String gibibytes(String key, double bytes) {
    String what = key.substring(0, key.length() - "_bytes".length()).replace('_', ' ');
    return String.format(Locale.ROOT, "%s %.1f GiB", what, bytes / (1 << 30));
  }

  private static String command(JsonNode command) {
    return StreamSupport.stream(command.spliterator(), false)
        .map(JsonNode::asText)
        .map(part -> part.isEmpty() || part.matches(".*\\s.*") ? "'" + part + "'" : part)
        .collect(Collectors.joining(" "));
  }

  /** Any value on one line: fields as "name value", lists with commas. */
  private static String text(JsonNode node) {
    if (node.isMissingNode() || node.isNull()) {
      return "";
    }
    if (node.isArray()) {
      return StreamSupport.stream(node.spliterator(), false)
          .map(Facts::text)
          .collect(Collectors.joining(", "));
    }
    if (node.isObject()) {
      List<String> fields = new ArrayList<>();
      node.fields()
          .forEachRemaining(
              field -> {
                String value = text(field.getValue());
                if (field.getKey().endsWith("_bytes") && field.getValue().isNumber()) {
                  fields.add(gibibytes(field.getKey(), field.getValue().asDouble()));
                } else if (!value.isEmpty()) {
                  fields.add(field.getKey().replace('_', ' ') + " " + value);
                }
              });
      return String.join(" · ", fields);
    }
    return node.asText();
  }
}
