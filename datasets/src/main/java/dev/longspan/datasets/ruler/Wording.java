package dev.longspan.datasets.ruler;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.longspan.datasets.DatasetException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The task table and the texts of the prompts: our own from the resources, or a file in the layout
 * of the official one.
 *
 * <p>A file holds {@code base_tasks} (template, answer prefix and generation tokens) and {@code
 * tasks} (which base task with which arguments). What the official layout does not hold, the needle
 * sentence, the noise lines and the variable statements, a file may add as {@code needle}, {@code
 * noise}, {@code first} and {@code next} of the base task; ours are used otherwise.
 */
final class Wording {
  private static final Pattern PLACEHOLDER = Pattern.compile("\\{([a-z_]+)}");
  private static final Wording OWN = own();

  private final String id;
  private final String source;
  private final JsonNode root;

  private Wording(String id, String source, JsonNode root) {
    this.id = id;
    this.source = source;
    this.root = root;
  }

  /** Reads {@code file}, or returns our own wording for null. */
  static Wording of(Path file) {
    if (file == null) {
      return OWN;
    }
    try {
      byte[] content = Files.readAllBytes(file);
      JsonNode root = new ObjectMapper().readTree(content);
      for (String part : List.of("base_tasks", "tasks")) {
        if (!root.path(part).isObject()) {
          throw new DatasetException(
              file + ": no object \"" + part + "\"; a templates file holds base_tasks and tasks");
        }
      }
      return new Wording(Sources.id(file, content), file.toString(), root);
    } catch (IOException e) {
      throw new DatasetException("Cannot read the templates file " + file + ": " + e.getMessage());
    }
  }

  private static Wording own() {
    String resource = "templates.json";
    try (InputStream in = Wording.class.getResourceAsStream(resource)) {
      JsonNode root = new ObjectMapper().readTree(in);
      return new Wording(root.get("id").asText(), resource, root);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read the resource " + resource, e);
    }
  }

  /** Returns the name of this wording in results. */
  String id() {
    return id;
  }

  /** Returns the generator that {@code task} uses, for example {@code niah}. */
  String base(String task) {
    return field(root.path("tasks").path(task).path("task"), "tasks." + task + ".task").asText();
  }

  /** Returns the template of the user's turn of {@code task}. */
  String template(String task) {
    return text(task, "template");
  }

  /** Returns what opens the assistant's turn of {@code task}. */
  String answerPrefix(String task) {
    return text(task, "answer_prefix");
  }

  /** Returns how many tokens an answer to {@code task} may have. */
  int newTokens(String task) {
    String path = "base_tasks." + base(task) + ".tokens_to_generate";
    JsonNode node = field(baseNode(task).path("tokens_to_generate"), path);
    if (!node.isInt() || node.asInt() < 1) {
      throw new DatasetException(
          source + ": " + path + " is " + node + "; expected a positive number");
    }
    return node.asInt();
  }

  /** Returns argument {@code name} of {@code task}, one of {@code choices}. */
  String choice(String task, String name, List<String> choices) {
    String path = "tasks." + task + ".args." + name;
    JsonNode node = field(root.path("tasks").path(task).path("args").path(name), path);
    if (!choices.contains(node.asText())) {
      throw new DatasetException(
          source + ": " + path + " is " + node + "; expected one of " + String.join(", ", choices));
    }
    return node.asText();
  }

  /** Returns argument {@code name} of {@code task}, a number of at least {@code least}. */
  int number(String task, String name, int least) {
    JsonNode node = root.path("tasks").path(task).path("args").path(name);
    String path = "tasks." + task + ".args." + name;
    if (!field(node, path).isInt() || node.asInt() < least) {
      throw new DatasetException(
          source + ": " + path + " is " + node + "; expected a number of at least " + least);
    }
    return node.asInt();
  }

  /** Returns argument {@code name} of {@code task}, a number of at least {@code least}. */
  double decimal(String task, String name, double least) {
    JsonNode node = root.path("tasks").path(task).path("args").path(name);
    String path = "tasks." + task + ".args." + name;
    if (!field(node, path).isNumber() || node.asDouble() < least) {
      throw new DatasetException(
          source + ": " + path + " is " + node + "; expected a number of at least " + least);
    }
    return node.asDouble();
  }

  /** Returns a piece of text that official files lack, ours if this one lacks it too. */
  String piece(String base, String name) {
    JsonNode node = root.path("base_tasks").path(base).path(name);
    return node.isTextual() || this == OWN ? node.asText() : OWN.piece(base, name);
  }

  /** Returns the lines that noise consists of. */
  List<String> noise() {
    JsonNode node = root.path("base_tasks").path("niah").path("noise");
    if (node.isEmpty()) {
      return OWN.noise();
    }
    List<String> lines = new ArrayList<>();
    node.forEach(line -> lines.add(line.asText()));
    return lines;
  }

  /** Replaces each {@code {name}} of {@code template} that {@code values} knows. */
  static String fill(String template, Map<String, String> values) {
    return PLACEHOLDER
        .matcher(template)
        .replaceAll(m -> Matcher.quoteReplacement(values.getOrDefault(m.group(1), m.group())));
  }

  private String text(String task, String name) {
    String path = "base_tasks." + base(task) + "." + name;
    JsonNode node = field(baseNode(task).path(name), path);
    if (!node.isTextual()) {
      throw new DatasetException(source + ": " + path + " is " + node + "; expected a text");
    }
    return node.asText();
  }

  private JsonNode baseNode(String task) {
    return root.path("base_tasks").path(base(task));
  }

  private JsonNode field(JsonNode node, String path) {
    if (node.isMissingNode()) {
      throw new DatasetException(source + ": " + path + " is missing");
    }
    return node;
  }
}
