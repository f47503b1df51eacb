package dev.longspan.spark.job;

import com.fasterxml.jackson.databind.JsonNode;
import dev.longspan.eval.Generation;
import dev.longspan.eval.SampleSummary;
import dev.longspan.eval.Scores;
import dev.longspan.eval.report.Reports;
import dev.longspan.eval.score.ScoredSuite;
import dev.longspan.eval.score.Scoring;
import dev.longspan.eval.score.SuiteScorers;
import dev.longspan.spark.run.RunFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** Scores and reports of a run folder. */
public final class Evaluation {
  private Evaluation() {}

  /**
   * Scores answers and writes scores.json and the reports to the run folder.
   *
   * @param baseline method that the others are compared with, or null
   * @param scorers how answers are scored
   */
  public static Scores publish(
      RunFolder folder,
      JsonNode manifest,
      List<SampleSummary> samples,
      List<Generation> generations,
      String baseline,
      long seed,
      SuiteScorers scorers)
      throws IOException {
    Path local = Files.createTempDirectory("longspan-report");
    try {
      Scores scores = render(local, manifest, samples, generations, baseline, seed, scorers);
      folder.publish(local);
      return scores;
    } finally {
      delete(local);
    }
  }

  /** Scores answers and writes scores.json and the reports to a local folder. */
  public static Scores render(
      Path local,
      JsonNode manifest,
      List<SampleSummary> samples,
      List<Generation> generations,
      String baseline,
      long seed,
      SuiteScorers scorers)
      throws IOException {
    List<ScoredSuite> suites = ScoredSuite.of(samples, generations, baseline, scorers);
    Scores scores = Scoring.score(suites, baseline, seed);
    scores.write(local.resolve("scores.json"));
    Reports.write(local, manifest, scores, suites);
    return scores;
  }

  /** Removes a local folder and what is in it. */
  public static void delete(Path folder) throws IOException {
    try (Stream<Path> tree = Files.walk(folder)) {
      for (Path path : (Iterable<Path>) tree.sorted(Comparator.reverseOrder())::iterator) {
        Files.delete(path);
      }
    }
  }
}
