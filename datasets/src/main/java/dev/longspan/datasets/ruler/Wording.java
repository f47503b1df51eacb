package dev.longspan.datasets.ruler;

import com.fasterxml.jackson.databind.node.JsonNodeType;
import dev.longspan.datasets.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
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
  private static final List<String> BASES =
      List.of(
          "niah", "variable_tracking", "common_words_extraction", "freq_words_extraction", "qa");
  private static final Wording OWN = own();

  private final String id;
  private final Json bases;
  private final Json tasks;

  private Wording(String id, Json root) {
    this.id = id;
    bases = root.at("base_tasks").expect(JsonNodeType.OBJECT);
    tasks = root.at("tasks").expect(JsonNodeType.OBJECT);
  }

  /** Reads {@code file}, or returns our own wording for null. */
  static Wording of(Path file) {
    if (file == null) {
      return OWN;
    }
    Source source = Source.read(file);
    return new Wording(source.id(), source.json());
  }

  private static Wording own() {
    String resource = "templates.json";
    try (InputStream in = Wording.class.getResourceAsStream(resource)) {
      Json root = Json.parse(resource, new String(in.readAllBytes(), StandardCharsets.UTF_8));
      return new Wording(root.text("id"), root);
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
    return choice(tasks.at(task), "task", BASES);
  }

  /** Returns the arguments of {@code task}. */
  Json arguments(String task) {
    return tasks.at(task).at("args");
  }

  /** Returns argument {@code name} of {@code task}, one of {@code choices}. */
  String choice(String task, String name, List<String> choices) {
    return choice(arguments(task), name, choices);
  }

  private static String choice(Json object, String field, List<String> choices) {
    String choice = object.text(field);
    if (!choices.contains(choice)) {
      throw object.at(field).wrong("one of " + String.join(", ", choices), choice);
    }
    return choice;
  }

  /** Returns how many tokens an answer to {@code task} may have. */
  int newTokens(String task) {
    return bases.at(base(task)).number("tokens_to_generate", 1);
  }

  /** Returns the template of the user's turn of {@code task}. */
  String template(String task) {
    return bases.at(base(task)).text("template");
  }

  /** Returns what opens the assistant's turn of {@code task}. */
  String answerPrefix(String task) {
    return bases.at(base(task)).text("answer_prefix");
  }

  /** Returns a piece of text that official files lack, ours if this one lacks it too. */
  String piece(String base, String name) {
    Wording owner = bases.at(base).has(name) ? this : OWN;
    return owner.bases.at(base).text(name);
  }

  /** Returns the lines that noise consists of. */
  List<String> noise() {
    Wording owner = bases.at("niah").has("noise") ? this : OWN;
    List<String> lines = owner.bases.at("niah").texts("noise");
    if (lines.isEmpty()) {
      throw bases.at("niah").at("noise").wrong("at least one line", "none");
    }
    return lines;
  }

  /** Replaces each {@code {name}} of {@code template} that {@code values} knows. */
  static String fill(String template, Map<String, String> values) {
    return PLACEHOLDER
        .matcher(template)
        .replaceAll(m -> Matcher.quoteReplacement(values.getOrDefault(m.group(1), m.group())));
  }
}
