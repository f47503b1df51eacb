package dev.longspan.spark.cli;

import dev.longspan.spark.UsageException;
import dev.longspan.spark.job.PromptFormat;
import picocli.CommandLine.Option;

/** How prompts are rendered. */
final class TemplateOptions {
  @Option(
      names = "--no-template",
      description =
          "Send prompts as they are, after the begin token, without the model's chat template.")
  boolean raw;

  @Option(
      names = "--thinking",
      paramLabel = "on|off",
      description =
          "Let the chat template ask the model to think, or not to (enable_thinking). Default: the"
              + " template's own choice.")
  Switch thinking;

  /** Whether something is on. */
  enum Switch {
    ON,
    OFF
  }

  PromptFormat format() {
    if (raw && thinking != null) {
      throw new UsageException("--thinking needs the chat template; leave --no-template out.");
    }
    return new PromptFormat(!raw, thinking == null ? null : thinking == Switch.ON);
  }
}
