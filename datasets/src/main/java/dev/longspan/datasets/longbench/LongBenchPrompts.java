package dev.longspan.datasets.longbench;

import dev.longspan.datasets.DatasetException;
import dev.longspan.datasets.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The wording of LongBench's prompts: our own, or that of a file.
 *
 * <p>Scores are comparable with published ones only if the wording is the official one.
 */
public final class LongBenchPrompts {
  private static final Pattern PLACEHOLDER = Pattern.compile("\\{(context|input)}");

  private final String id;
  private final Json root;

  private LongBenchPrompts(String id, Json root) {
    this.id = id;
    this.root = root;
  }

  /** Returns our own wording. */
  public static LongBenchPrompts own() {
    try (InputStream in = LongBenchPrompts.class.getResourceAsStream("prompts.json")) {
      String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      Json root = Json.parse("prompts.json", text);
      return new LongBenchPrompts(root.text("id"), root);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the wording of LongBench's prompts", e);
    }
  }

  /**
   * Reads a file with an object {@code prompts}, a template for each set with the places {@code
   * {context}} and {@code {input}}, and an optional object {@code max_new_tokens}.
   *
   * @throws DatasetException if the file cannot be read, or is no JSON
   */
  public static LongBenchPrompts read(Path file) {
    try {
      Json root = Json.parse(file.toString(), Files.readString(file));
      return new LongBenchPrompts(file.getFileName().toString(), root);
    } catch (IOException e) {
      throw new DatasetException("Cannot read the templates file " + file + ": " + e, e);
    }
  }

  /** Returns the name of the wording, which samples carry. */
  public String id() {
    return id;
  }

  int maxNewTokens(LongBenchTask task) {
    Json limits = root.at("max_new_tokens");
    return limits.has(task.id()) ? limits.number(task.id(), 1) : task.maxNewTokens();
  }

  /**
   * Returns the prompt of {@code row}; what its fields hold is not searched for places.
   *
   * @throws DatasetException if there is no template for the set
   */
  String fill(LongBenchRow row) {
    return PLACEHOLDER
        .matcher(root.at("prompts").text(row.task().id()))
        .replaceAll(
            match ->
                Matcher.quoteReplacement(
                    match.group(1).equals("context") ? row.context() : row.input()));
  }
}
