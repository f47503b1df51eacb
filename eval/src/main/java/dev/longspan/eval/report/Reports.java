package dev.longspan.eval.report;

import com.fasterxml.jackson.databind.JsonNode;
import dev.longspan.eval.Generation;
import dev.longspan.eval.SampleSummary;
import dev.longspan.eval.Scores;
import dev.longspan.eval.score.ScoredSuite;
import dev.longspan.eval.score.SuiteScorers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Writes what people and build servers read of a run. */
public final class Reports {
  private Reports() {}

  /**
   * Writes {@code report.html}, {@code report.md} and {@code junit.xml}.
   *
   * @param folder where to; made if it is not there
   * @param manifest what ran; fields that are not there are left out of the report; an object
   *     {@code scoring} in it holds the options that {@link SuiteScorers#of(java.util.Map)} takes
   * @param scores the scores of {@code generations}
   * @param samples what was asked
   * @param generations what was answered
   * @throws IllegalArgumentException if there is nothing to report, or the scores are not of these
   *     samples
   */
  public static void write(
      Path folder,
      JsonNode manifest,
      Scores scores,
      List<SampleSummary> samples,
      List<Generation> generations)
      throws IOException {
    String baseline =
        scores.runs().stream()
            .filter(Scores.Run::baseline)
            .map(Scores.Run::method)
            .findFirst()
            .orElse(null);
    List<ScoredSuite> suites =
        ScoredSuite.of(samples, generations, baseline, SuiteScorers.of(scoring(manifest)));
    List<String> scored = scores.runs().stream().map(Scores.Run::suite).distinct().toList();
    if (!scored.equals(suites.stream().map(ScoredSuite::name).toList())) {
      throw new IllegalArgumentException(
          "the scores are of the suites "
              + scored
              + " but the samples of "
              + suites.stream().map(ScoredSuite::name).toList()
              + "; score the run again");
    }
    ReportData data = new ReportData(manifest, scores, suites);
    Files.createDirectories(folder);
    Files.writeString(folder.resolve("report.html"), HtmlReport.of(data));
    Files.writeString(folder.resolve("report.md"), MarkdownReport.of(data));
    Files.writeString(folder.resolve("junit.xml"), JunitReport.of(data));
  }

  private static Map<String, String> scoring(JsonNode manifest) {
    Map<String, String> options = new HashMap<>();
    manifest
        .path("scoring")
        .properties()
        .forEach(option -> options.put(option.getKey(), option.getValue().asText()));
    return options;
  }

  /** Returns the table that commands print: task by length by method, then the answer. */
  public static String consoleTable(Scores scores) {
    return ConsoleTable.of(scores);
  }
}
