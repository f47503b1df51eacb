package dev.longspan.spark.cli;

import picocli.CommandLine.Option;

/** Options of every command. */
final class CommonOptions {
  @Option(
      names = "--conf",
      paramLabel = "FILE",
      description =
          "YAML file with options of this command: their long names without dashes, for example"
              + " 'lengths: [1024, 4096]'. The command line has the last word.")
  String conf;

  @Option(names = "--debug", description = "Print the stack trace of an error.")
  boolean debug;

  @Option(names = "--verbose", description = "Let Spark and the engine log what they do.")
  boolean verbose;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help.")
  boolean help;
}
