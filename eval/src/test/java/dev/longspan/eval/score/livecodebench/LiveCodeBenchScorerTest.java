package dev.longspan.eval.score.livecodebench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.eval.Generation;
import dev.longspan.eval.SampleSummary;
import dev.longspan.eval.ScoreRows;
import dev.longspan.eval.Scores;
import dev.longspan.eval.code.CodeGrades;
import dev.longspan.eval.code.CodeVerdict;
import dev.longspan.eval.score.ScoredSuite;
import dev.longspan.eval.score.Scoring;
import dev.longspan.eval.score.SuiteScorers;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LiveCodeBenchScorerTest {
  private static final String TASK = "codegeneration";

  private final List<SampleSummary> samples = new ArrayList<>();
  private final List<Generation> generations = new ArrayList<>();
  private final Map<String, CodeVerdict> verdicts = new HashMap<>();

  /** Adds a problem and its answers: a program each, + for a right one. */
  private void problem(String id, String difficulty, String... programs) {
    String tests = "tests sha256 " + id;
    samples.add(
        new SampleSummary(
            "livecodebench",
            TASK,
            0,
            id,
            "",
            "",
            List.of(tests),
            Map.of("difficulty", difficulty)));
    for (int i = 0; i < programs.length; i++) {
      boolean right = programs[i].startsWith("+");
      String text = programs[i].isEmpty() ? "no idea" : "```python\n" + programs[i] + "\n```";
      generations.add(
          new Generation(
              id + i,
              "livecodebench",
              TASK,
              0,
              id,
              i,
              "dense",
              text,
              9,
              9,
              "stop",
              null,
              null,
              0,
              0));
      verdicts.put(
          CodeGrades.key(tests, programs[i]),
          new CodeVerdict(right, List.of(right ? 1 : -2), right ? null : "test 1: no", 0.1));
    }
  }

  private Scores score() {
    SuiteScorers scorers = SuiteScorers.of(Map.of(), new CodeGrades("Python 3", verdicts));
    return Scoring.score(ScoredSuite.of(samples, generations, null, scorers), null, 1);
  }

  @Test
  void programsAreRightByTheirVerdicts() {
    problem("a", "easy", "+1", "+2", "-1", "-2");
    problem("b", "hard", "-1", "", "-3", "+3");
    Scores scores = score();
    assertEquals(37.5, ScoreRows.only(scores, TASK, "pass@1").value());
    // 1 - C(2,2)/C(4,2) and 1 - C(3,2)/C(4,2).
    assertEquals(66.67, ScoreRows.only(scores, TASK, "pass@2").value());
    assertEquals(100, ScoreRows.only(scores, TASK, "pass@4").value());
    assertEquals(50, ScoreRows.only(scores, TASK, "pass@1_easy").value());
    assertEquals(25, ScoreRows.only(scores, TASK, "pass@1_hard").value());
    assertEquals(1, ScoreRows.only(scores, TASK, "pass@1_hard").n());
    assertEquals(12.5, ScoreRows.only(scores, TASK, "without_program").value());
    assertEquals(Map.of("environment", "Python 3"), scores.suites().get(0).settings());
    assertTrue(scores.scores().stream().noneMatch(s -> s.metric().equals("pass@1_medium")));
  }

  @Test
  void passAtKNeedsAsManyProgramsOfEveryProblem() {
    problem("a", "easy", "+1", "+2");
    problem("b", "easy", "+1");
    assertTrue(score().scores().stream().noneMatch(s -> s.metric().equals("pass@2")));
  }

  @Test
  void programsWithoutAVerdictAreNotGuessed() {
    problem("a", "easy", "+1");
    verdicts.clear();
    String message = assertThrows(IllegalStateException.class, this::score).getMessage();
    assertTrue(message.contains("grade the answers first"), message);
  }
}
