package dev.longspan.datasets.longbench;

import dev.longspan.datasets.DatasetException;
import dev.longspan.datasets.Json;
import dev.longspan.datasets.Templates;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The wording of LongBench's prompts: an object {@code prompts} with a template for each set, with
 * the places {@code {context}} and {@code {input}}, and an optional object {@code max_new_tokens}.
 *
 * @param templates our own, or those of a file
 */
public record LongBenchPrompts(Templates templates) implements Serializable {
  private static final Pattern PLACEHOLDER = Pattern.compile("\\{(context|input)}");

  /** Returns our own wording. */
  public static LongBenchPrompts own() {
    return new LongBenchPrompts(Templates.own(LongBenchPrompts.class, "prompts.json"));
  }

  /**
   * Reads a file.
   *
   * @throws DatasetException if the file cannot be read, or is no JSON
   */
  public static LongBenchPrompts read(Path file) {
    return new LongBenchPrompts(Templates.read(file));
  }

  /** Returns the name of the wording, which samples carry. */
  public String id() {
    return templates.id();
  }

  int maxNewTokens(LongBenchTask task) {
    Json limits = templates.root().at("max_new_tokens");
    return limits.has(task.id()) ? limits.number(task.id(), 1) : task.maxNewTokens();
  }

  /**
   * Returns the prompt of {@code row}; what its fields hold is not searched for places.
   *
   * @throws DatasetException if there is no template for the set
   */
  String fill(LongBenchRow row) {
    return PLACEHOLDER
        .matcher(templates.root().at("prompts").text(row.task().id()))
        .replaceAll(
            match ->
                Matcher.quoteReplacement(
                    match.group(1).equals("context") ? row.context() : row.input()));
  }
}
