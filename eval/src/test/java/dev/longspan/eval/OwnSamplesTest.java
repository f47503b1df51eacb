package dev.longspan.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.datasets.MiddleCut;
import dev.longspan.datasets.RowSuite;
import dev.longspan.datasets.Sample;
import dev.longspan.datasets.SourceRow;
import dev.longspan.datasets.aime.Aime;
import dev.longspan.datasets.longbench.LongBench;
import dev.longspan.datasets.longbench.LongBenchPrompts;
import dev.longspan.datasets.longbench.LongBenchV2;
import dev.longspan.datasets.longppl.LongDocuments;
import dev.longspan.eval.code.CodeGrades;
import dev.longspan.eval.score.Scale;
import dev.longspan.eval.score.SuiteScorer;
import dev.longspan.eval.score.SuiteScorers;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What the pseudo-models answer to our own samples: all points for the oracle, none for nothing.
 */
class OwnSamplesTest {
  static List<RowSuite> suites() {
    return List.of(
        new LongBench(LongBenchPrompts.own(), null),
        new LongBenchV2(LongBenchV2.ownPrompts(), null),
        new LongDocuments(null),
        new Aime(Aime.ownPrompts(), null));
  }

  private static List<Sample> samples(RowSuite suite) {
    List<Sample> samples = new ArrayList<>();
    for (SourceRow row : suite.own()) {
      suite.names(row).forEach(name -> samples.add(suite.sample(row, name.task(), MiddleCut.NONE)));
    }
    return samples;
  }

  @ParameterizedTest
  @MethodSource("suites")
  void theOracleIsRightAndNothingIsWrong(RowSuite suite) {
    for (String grader : List.of("strict", "lm-eval")) {
      SuiteScorer scorer =
          SuiteScorers.of(Map.of("aime.grader", grader), CodeGrades.NONE).of(suite.name());
      List<Sample> samples = samples(suite);
      assertTrue(samples.size() >= 12, "a dozen rows of " + suite.name());
      for (Sample own : samples) {
        Sample sample =
            own.references().isEmpty() ? own.withReferences(List.of("[90, 97];[120, 121]")) : own;
        SampleSummary summary = SampleSummary.of(sample);
        boolean percent = scorer.scale() == Scale.PERCENT;
        String right = scorer.clean(scorer.oracle(sample));
        String wrong = scorer.clean(scorer.nothing(sample));
        assertEquals(percent ? 1 : 0, scorer.value(summary, right), 1e-8, sample.id());
        assertEquals(
            percent ? 0 : Math.log(100_000), scorer.value(summary, wrong), 1e-8, sample.id());
        assertEquals(percent ? 1 : 8, scorer.weight(summary, right), sample.id());
      }
    }
  }
}
