package dev.longspan.spark.cli;

import picocli.CommandLine.Option;

/** How prompts are rendered. */
final class TemplateOptions {
  @Option(
      names = "--no-template",
      description =
          "Send prompts as they are, after the begin token, without the model's chat template.")
  boolean raw;
}
