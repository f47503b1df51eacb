package dev.longspan.spark.job;

import java.io.Serializable;
import java.util.Map;

/**
 * How conversations become prompts.
 *
 * @param template whether they pass the model's chat template; otherwise the turns' texts and the
 *     answer prefix follow each other as they are, after the begin token
 * @param thinking whether the template asks the model to think; null for the template's own choice
 */
public record PromptFormat(boolean template, Boolean thinking) implements Serializable {
  /** The template as it is. */
  public static final PromptFormat PLAIN = new PromptFormat(true, null);

  /** Returns the variables that the template gets. */
  Map<String, Object> variables() {
    return thinking == null ? Map.of() : Map.of("enable_thinking", thinking);
  }

  /** Returns what stands for the format in digests, given that of the template. */
  public String digest(String templateDigest) {
    if (!template) {
      return "none";
    }
    return thinking == null ? templateDigest : templateDigest + " thinking=" + thinking;
  }
}
