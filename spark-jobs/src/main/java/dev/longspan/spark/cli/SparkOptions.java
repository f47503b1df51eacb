package dev.longspan.spark.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Option;

/** Where Spark runs. */
final class SparkOptions {
  @Option(
      names = "--master",
      paramLabel = "URL",
      description =
          "Spark master. Default: what spark-submit or spark-defaults.conf say, otherwise local[*].")
  String master;

  @Option(
      names = "--spark",
      paramLabel = "KEY=VALUE",
      split = ",",
      description = "Spark setting, for example spark.executor.memory=8g; may be repeated.")
  Map<String, String> settings = new LinkedHashMap<>();
}
