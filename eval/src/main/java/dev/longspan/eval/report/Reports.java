package dev.longspan.eval.report;

import com.fasterxml.jackson.databind.JsonNode;
import dev.longspan.eval.Scores;
import dev.longspan.eval.score.ScoredSuite;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Writes what people and build servers read of a run. */
public final class Reports {
  private Reports() {}

  /**
   * Writes {@code report.html}, {@code report.md} and {@code junit.xml}.
   *
   * @param folder where to; made if it is not there
   * @param manifest what ran; fields that are not there are left out of the report
   * @param scores the scores of {@code suites}
   * @param suites the answers behind them
   * @throws IllegalArgumentException if the scores are not of these answers
   */
  public static void write(Path folder, JsonNode manifest, Scores scores, List<ScoredSuite> suites)
      throws IOException {
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

  /** Returns the table that commands print: task by length by method, then the answer. */
  public static String consoleTable(Scores scores) {
    return ConsoleTable.of(scores);
  }
}
