package dev.longspan.eval.score.aime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.eval.Generation;
import dev.longspan.eval.SampleSummary;
import dev.longspan.eval.ScoreRows;
import dev.longspan.eval.Scores;
import dev.longspan.eval.Scores.Score;
import dev.longspan.eval.score.Attempts;
import dev.longspan.eval.score.Scoring;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AimeScorerTest {
  private final List<SampleSummary> samples = new ArrayList<>();
  private final List<Generation> generations = new ArrayList<>();

  private void problem(String id, String answer, String... texts) {
    samples.add(new SampleSummary("aime", "aime24", 0, id, "", "", List.of(answer), Map.of()));
    for (int i = 0; i < texts.length; i++) {
      String text = texts[i];
      generations.add(
          new Generation(
              id + i,
              "aime",
              "aime24",
              0,
              id,
              i,
              "dense",
              text == null ? "" : text,
              9,
              9,
              text == null ? "error" : "stop",
              text == null ? "oom" : null,
              text == null ? "no memory" : null,
              0,
              0));
    }
  }

  private static Score find(Scores scores, String metric) {
    return ScoreRows.only(scores, "aime24", metric);
  }

  @Test
  void severalAnswersToAProblemMakeAveragePassAndMajority() {
    problem("a", "7", "\\boxed{7}", "\\boxed{8}", "\\boxed{7}", "<think>\\boxed{7}");
    problem("b", "5", "\\boxed{4}", "\\boxed{5}", "\\boxed{5}", "\\boxed{4}");
    problem("c", "1", "none", "\\boxed{2}", null, "\\boxed{1}");
    Scores scores = Scoring.score(samples, generations, null, 1);

    Score average = find(scores, "accuracy[strict]");
    assertEquals(100 * (0.5 + 0.5 + 0.25) / 3, average.value(), 0.005);
    // By problem: the deviation of 1/2, 1/2 and 1/4 over the root of 3.
    assertEquals(100 * Math.sqrt(1.0 / 48 / 3), average.stderr(), 0.005);
    assertEquals(3, average.n());
    assertEquals(1, average.errors());
    // 1 - C(2,2)/C(4,2) twice, 1 - C(3,2)/C(4,2) once.
    assertEquals(100 * (5 / 6.0 + 5 / 6.0 + 0.5) / 3, find(scores, "pass@2").value(), 0.005);
    assertEquals(100, find(scores, "pass@4").value());
    // b is a tie that the first answer wins, c another.
    assertEquals(33.33, find(scores, "maj@4").value());
    assertEquals(8.33, find(scores, "thinking_unfinished").value());
  }

  @Test
  void problemsWithFewerAnswersLimitTheFigures() {
    problem("a", "7", "\\boxed{7}", "\\boxed{8}");
    problem("b", "7", "\\boxed{7}");
    Scores scores = Scoring.score(samples, generations, null, 1);
    assertEquals(75, find(scores, "accuracy[strict]").value());
    assertTrue(scores.scores().stream().noneMatch(s -> s.metric().matches("(pass|maj)@.*")));
  }

  @Test
  void passAtKIsUnbiased() {
    assertEquals(0.25, Attempts.passAt(1, 4, 1), 1e-15);
    assertEquals(1, Attempts.passAt(8, 16, 9));
    // 1 - C(12,8)/C(16,8)
    assertEquals(1 - 495.0 / 12870, Attempts.passAt(8, 16, 4), 1e-15);
    assertEquals(0, Attempts.passAt(3, 5, 0));
    String message =
        assertThrows(IllegalArgumentException.class, () -> Attempts.passAt(3, 2, 1)).getMessage();
    assertEquals("pass@3 needs at least that many answers to a problem, but there are 2", message);
  }

  @Test
  void majorityPassesOverMissingAnswers() {
    assertEquals("b", Attempts.majority(Arrays.asList("a", null, "b", null, "b"), String::equals));
    assertEquals("a", Attempts.majority(List.of("a", "b"), String::equals));
    assertNull(Attempts.majority(Arrays.asList(null, null), String::equals));
  }
}
