package dev.longspan.spark.cli;

import dev.longspan.datasets.Templates;
import dev.longspan.datasets.livecodebench.LiveCodeBench;
import dev.longspan.datasets.livecodebench.Releases;
import dev.longspan.spark.UsageException;
import java.time.DateTimeException;
import java.time.LocalDate;
import picocli.CommandLine.Option;

/** Which problems of LiveCodeBench to ask. */
final class LiveCodeBenchOptions {
  @Option(
      names = "--release",
      paramLabel = "NAME",
      description =
          "release_v5: increments 1 to 5 of the data; v5: the fifth; v3_v5: 3 to 5. Default: every"
              + " row.")
  String release;

  @Option(
      names = "--from",
      paramLabel = "DATE",
      description = "First day of the contests, for example 2024-10-01.")
  String from;

  @Option(
      names = "--to",
      paramLabel = "DATE",
      description = "Last day; as officially, contests later than its 00:00 are left out.")
  String to;

  LiveCodeBench suite(Templates wording, Integer maxNewTokens) {
    return new LiveCodeBench(
        wording,
        release == null ? Releases.ALL : Releases.parse(release),
        date("--from", from),
        date("--to", to),
        maxNewTokens);
  }

  private static LocalDate date(String option, String text) {
    try {
      return text == null ? null : LocalDate.parse(text);
    } catch (DateTimeException e) {
      throw new UsageException(option + " is '" + text + "'; write a date as 2024-10-01.", e);
    }
  }
}
