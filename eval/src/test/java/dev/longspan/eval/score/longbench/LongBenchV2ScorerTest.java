package dev.longspan.eval.score.longbench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.longspan.eval.Generation;
import dev.longspan.eval.SampleSummary;
import dev.longspan.eval.ScoreRows;
import dev.longspan.eval.Scores;
import dev.longspan.eval.score.Scoring;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LongBenchV2ScorerTest {
  private final LongBenchV2Scorer scorer = new LongBenchV2Scorer();

  private String choice(String text) {
    return LongBenchV2Scorer.choice(scorer.clean(text));
  }

  @Test
  void theStatedChoiceIsFound() {
    assertEquals("B", choice("The correct answer is (B)."));
    assertEquals("C", choice("**The correct answer is** C"));
    // A choice in brackets goes before an earlier one without.
    assertEquals("D", choice("The correct answer is A? The correct answer is (D)"));
    assertEquals("A", choice("The correct answer is (A), not: The correct answer is (D)"));
    assertEquals("B", choice("<think>The correct answer is (A)</think>The correct answer is (B)"));
  }

  @Test
  void otherWordingsStateNone() {
    assertNull(choice("the correct answer is (B)"));
    assertNull(choice("The correct answer is (E)"));
    assertNull(choice("B"));
    assertNull(choice(""));
  }

  @Test
  void accuracyIsGivenByDifficultyAndLength() {
    List<SampleSummary> samples = new ArrayList<>();
    List<Generation> generations = new ArrayList<>();
    String[][] rows = {
      {"easy", "short", "(A)"},
      {"hard", "medium", "(B)"},
      {"hard", "long", "(A)"},
      {"odd", "vast", "A"}
    };
    for (int i = 0; i < rows.length; i++) {
      String id = String.valueOf(i);
      samples.add(
          new SampleSummary(
              "longbench_v2",
              "0shot",
              0,
              id,
              "",
              "",
              List.of("A"),
              Map.of("difficulty", rows[i][0], "length", rows[i][1])));
      generations.add(
          new Generation(
              id,
              "longbench_v2",
              "0shot",
              0,
              id,
              0,
              "dense",
              "The correct answer is " + rows[i][2],
              9,
              9,
              "stop",
              null,
              null,
              0,
              0));
    }
    Scores scores = Scoring.score(samples, generations, null, 1);
    Map<String, Double> expected =
        Map.of(
            "accuracy",
            75.0,
            "accuracy_easy",
            100.0,
            "accuracy_hard",
            66.67,
            "accuracy_short",
            100.0,
            "accuracy_medium",
            0.0,
            "accuracy_long",
            100.0);
    expected.forEach(
        (metric, value) ->
            assertEquals(value, ScoreRows.only(scores, "0shot", metric).value(), metric));
  }
}
