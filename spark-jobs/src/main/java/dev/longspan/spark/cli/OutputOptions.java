package dev.longspan.spark.cli;

import dev.longspan.spark.UsageException;
import picocli.CommandLine.Option;

/** Where a run goes, and what to do with what is there. */
final class OutputOptions {
  @Option(
      names = "--out",
      paramLabel = "DIR",
      required = true,
      description =
          "Run folder, local or a URI. A run that was interrupted there is taken up again.")
  String out;

  @Option(
      names = "--resume",
      description =
          "Go on in a run folder although the settings differ: answers that fit are kept, others"
              + " dropped.")
  boolean resume;

  @Option(names = "--overwrite", description = "Start the run folder anew.")
  boolean overwrite;

  @Option(
      names = "--retry-errors",
      description = "Try rows again that ended in an error; an engine's failure is always retried.")
  boolean retryErrors;

  @Option(
      names = "--partitions",
      paramLabel = "N",
      defaultValue = "0",
      description = "Spark partitions. Default: two for each core.")
  int partitions;

  @Option(
      names = "--flush-seconds",
      paramLabel = "N",
      defaultValue = "5",
      description = "Write finished answers at least this often; a killed run loses no more.")
  int flushSeconds;

  void check() {
    Checks.atLeast("--flush-seconds", flushSeconds, 1);
    Checks.atLeast("--partitions", partitions, 0);
    if (resume && overwrite) {
      throw new UsageException("--resume and --overwrite exclude each other; choose one.");
    }
  }
}
