package dev.longspan.eval.score;

import dev.longspan.eval.score.aime.AimeGrader;
import dev.longspan.eval.score.aime.AimeScorer;
import dev.longspan.eval.score.longbench.LongBenchScorer;
import dev.longspan.eval.score.longbench.LongBenchV2Scorer;
import java.util.List;
import java.util.stream.Collectors;

/** The suites that can be scored. */
public final class SuiteScorers {
  private static final List<SuiteScorer> KNOWN =
      List.of(
          new RulerScorer(),
          LongBenchScorer.standard(),
          new LongBenchV2Scorer(),
          new AimeScorer(AimeGrader.STRICT));

  private SuiteScorers() {}

  /**
   * Returns the scorer of {@code suite}.
   *
   * @throws IllegalArgumentException if there is none; the message lists those there are
   */
  public static SuiteScorer of(String suite) {
    return KNOWN.stream()
        .filter(scorer -> scorer.suite().equals(suite))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "there is no scorer for the suite '"
                        + suite
                        + "'; known suites: "
                        + KNOWN.stream()
                            .map(SuiteScorer::suite)
                            .collect(Collectors.joining(", "))));
  }
}
