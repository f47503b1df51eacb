package dev.longspan.eval.score;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.datasets.ruler.Ruler;
import dev.longspan.eval.Generation;
import dev.longspan.eval.SampleSummary;
import dev.longspan.eval.Scores;
import dev.longspan.eval.Scores.Paired;
import dev.longspan.eval.Scores.Run;
import dev.longspan.eval.Scores.Score;
import dev.longspan.eval.TinyRun;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ScoringTest {
  private static final List<String> TASKS = Ruler.TASKS;
  private final TinyRun run = new TinyRun();

  private Scores score() {
    return Scoring.score(run.samples, run.generations, "dense", 42);
  }

  private static Score one(Scores scores, String task, int length, String method, String metric) {
    List<Score> found =
        scores.scores().stream()
            .filter(s -> s.task().equals(task) && s.length() == length)
            .filter(s -> s.method().equals(method) && s.metric().equals(metric))
            .toList();
    assertEquals(1, found.size(), task + "/" + length + "/" + method + "/" + metric);
    return found.get(0);
  }

  private static Paired pair(Scores scores, String task, int length) {
    return scores.paired().stream()
        .filter(p -> p.task().equals(task) && p.length() == length)
        .findFirst()
        .orElseThrow();
  }

  /** Adds n samples of which the first {@code dense} and the first {@code sparse} are right. */
  private void cell(String task, int length, int n, int dense, int sparse) {
    for (int i = 0; i < n; i++) {
      run.add(task, length, "s" + i, Map.of("dense", i < dense, "sparse", i < sparse));
    }
  }

  @Test
  void meansAveragesAndEffectiveLengthFollowTheSuite() {
    cell("niah_single_1", 1024, 10, 10, 10);
    cell("vt", 1024, 10, 9, 8);
    cell("niah_single_1", 2048, 10, 9, 9);
    cell("vt", 2048, 10, 9, 8);
    cell("niah_single_1", 4096, 10, 10, 9);
    cell("vt", 4096, 10, 3, 9);
    Scores scores = score();
    assertEquals(90, one(scores, "vt", 1024, "dense", "string_match_all").value());
    assertEquals(95, one(scores, "all", 1024, "dense", "mean").value());
    assertEquals(90, one(scores, "all", 2048, "dense", "mean").value());
    assertEquals(65, one(scores, "all", 4096, "dense", "mean").value());
    assertEquals(83.33, one(scores, "all", 0, "dense", "average").value());
    // (95 + 2 * 90 + 3 * 65) / 6 and (3 * 95 + 2 * 90 + 65) / 6
    assertEquals(78.33, one(scores, "all", 0, "dense", "average_increasing").value());
    assertEquals(88.33, one(scores, "all", 0, "dense", "average_decreasing").value());
    assertEquals(2048, one(scores, "all", 0, "dense", "effective_length").value());
    // 85 at 2,048 fails, so that 90 at 4,096 does not count.
    assertEquals(1024, one(scores, "all", 0, "sparse", "effective_length").value());
    assertEquals(20, one(scores, "all", 4096, "dense", "mean").n());
    assertEquals("chronicle", one(scores, "all", 4096, "dense", "mean").source());
    // p (1 - p) / (n - 1) of the tasks: 0.09 / 9 = 0.01, so half of 0.1.
    assertEquals(5, one(scores, "all", 1024, "dense", "mean").stderr());
    assertEquals(0, one(scores, "niah_single_1", 1024, "dense", "string_match_all").stderr());
  }

  @Test
  void aScoreOfExactlyTheThresholdIsNotEffective() {
    for (int i = 0; i < 125; i++) { // 107 of 125 = 85.6 %
      run.add("vt", 512, "s" + i, Map.of("dense", i < 107));
    }
    assertEquals(85.6, one(score(), "all", 512, "dense", "mean").value());
    assertEquals(0, one(score(), "all", 0, "dense", "effective_length").value());
  }

  @Test
  void aClearLossIsWorseAndTheRestIsNotShown() {
    cell("niah_single_1", 1024, 12, 12, 3);
    cell("vt", 1024, 12, 8, 7);
    Scores scores = score();
    Paired worse = pair(scores, "niah_single_1", 1024);
    assertEquals(-75, worse.delta());
    assertEquals("worse", worse.verdict());
    assertEquals(2 / 512.0, worse.p(), 1e-6); // nine losses, no win
    assertEquals(4 / 512.0, worse.pHolm(), 1e-6); // two tasks
    assertEquals(2, worse.family());
    assertEquals(9, worse.losses());
    assertEquals(0, worse.wins());
    assertTrue(worse.ci95().hi() < 0, worse.ci95().toString());
    Paired unclear = pair(scores, "vt", 1024);
    assertEquals("no difference shown", unclear.verdict());
    assertEquals(1, unclear.p());
    // sd of eleven zeros and a one: sqrt(1/12 * 11/11) -> stderr 1/12; 2.801585 of that.
    assertEquals(23.35, unclear.mdd());
    assertEquals("worse", pair(scores, "all", 1024).verdict());
    assertEquals(50, one(scores, "all", 1024, "sparse", "retention").value()); // 41.67 of 83.33
    assertTrue(
        scores.scores().stream()
            .noneMatch(s -> s.metric().equals("retention") && s.method().equals("dense")));
  }

  @Test
  void eightSamplesCanShowALossInFiveTasksButNotInSeven() {
    for (int task = 1; task <= 5; task++) {
      cell(TASKS.get(task), 512, 8, 8, task == 1 ? 0 : 8);
    }
    assertEquals("worse", pair(score(), TASKS.get(1), 512).verdict());
    assertEquals("no difference shown", pair(score(), TASKS.get(2), 512).verdict());
    cell(TASKS.get(6), 512, 8, 8, 8);
    cell(TASKS.get(7), 512, 8, 8, 8);
    assertEquals("too few samples", pair(score(), TASKS.get(1), 512).verdict());
    assertEquals("too few samples", pair(score(), TASKS.get(2), 512).verdict());
  }

  @Test
  void failuresScoreZeroAndAreCountedApartFromNulls() {
    run.sample("vt", 512, "a", "X").sample("vt", 512, "b", "X").sample("vt", 512, "c", "X");
    run.answer("vt", 512, "a", "dense", "x");
    run.answer("vt", 512, "b", "dense", " \u0000\n");
    run.failure("vt", 512, "c", "dense", "prompt_too_long", "600 tokens, limit 512");
    Scores scores = score();
    Score value = one(scores, "vt", 512, "dense", "string_match_all");
    assertEquals(33.33, value.value());
    assertEquals(3, value.n());
    assertEquals(1, value.errors());
    assertEquals(1, value.nulls());
    assertEquals(0, value.missing());
    Run counts = scores.runs().get(0);
    assertEquals(2, counts.answers());
    assertEquals(1, counts.errors());
    assertEquals(Map.of("stop", 2, "error", 1), counts.finishReasons());
    assertEquals(
        List.of("1 row failed and counted as 0: vt/512/c prompt_too_long"), counts.warnings());
    assertEquals(2, one(scores, "all", 512, "dense", "prefill_tokens_per_second").n());
  }

  @Test
  void missingDuplicateAndStrayRowsAreCountedAndNamed() {
    cell("vt", 512, 8, 8, 8);
    run.generations.removeIf(
        row -> row.method().equals("sparse") && !row.sampleId().matches("s[01]"));
    run.row("vt", 512, "s0", 0, "sparse", "other", null, null); // a second row for one attempt
    run.answer("vt", 512, "s99", "sparse", "no such sample");
    Scores scores = score();
    Run sparse = scores.runs().get(1);
    assertEquals("sparse", sparse.method());
    assertEquals(8, sparse.samples());
    assertEquals(6, sparse.missing());
    assertEquals(4, sparse.rows());
    assertEquals(
        sparse.rows(),
        sparse.answers() + sparse.errors() + sparse.duplicates() + sparse.unmatched());
    assertEquals(
        List.of(
            "6 samples without a row, left out of the values; run again: vt/512/s2, vt/512/s3,"
                + " vt/512/s4, vt/512/s5, vt/512/s6 and 1 more",
            "1 row left out since another row answers the same attempt: vt/512/s0",
            "1 row left out, of no sample in the run: vt/512/s99"),
        sparse.warnings());
    Score value = one(scores, "vt", 512, "sparse", "string_match_all");
    assertEquals(100, value.value(), "the first of two answers counts");
    assertEquals(2, value.n());
    assertEquals(6, value.missing());
    assertEquals(2, pair(scores, "vt", 512).n(), "compared on the common samples");
    assertEquals("too few samples", pair(scores, "vt", 512).verdict());
  }

  @Test
  void anAnswerReplacesAFailureOfTheSameAttempt() {
    run.sample("vt", 512, "a", "X");
    run.failure("vt", 512, "a", "dense", "engine", "lost");
    run.answer("vt", 512, "a", "dense", "X");
    Scores scores = score();
    assertEquals(100, one(scores, "vt", 512, "dense", "string_match_all").value());
    assertEquals(0, scores.runs().get(0).errors());
    assertEquals(1, scores.runs().get(0).duplicates());
  }

  @Test
  void attemptsAreAveragedWithinTheSample() {
    run.sample("vt", 512, "a", "X").sample("vt", 512, "b", "X");
    run.row("vt", 512, "a", 0, "dense", "x", null, null);
    run.row("vt", 512, "a", 1, "dense", "-", null, null);
    run.row("vt", 512, "a", 2, "dense", "-", null, null);
    run.row("vt", 512, "b", 0, "dense", "x", null, null);
    Score value = one(score(), "vt", 512, "dense", "string_match_all");
    assertEquals(66.67, value.value(), "mean of 1/3 and 1");
    assertEquals(2, value.n(), "the sample is the unit");
    assertEquals(33.33, value.stderr());
  }

  @Test
  void aMethodWithoutRowsInACellHasNoValueThereAndNoMean() {
    cell("vt", 512, 6, 6, 6);
    cell("cwe", 512, 6, 6, 6);
    cell("vt", 1024, 6, 6, 6);
    run.generations.removeIf(r -> r.method().equals("sparse") && r.task().equals("cwe"));
    Scores scores = score();
    assertNull(one(scores, "cwe", 512, "sparse", "string_match_all").value());
    assertEquals(0, one(scores, "cwe", 512, "sparse", "string_match_all").n());
    assertNull(one(scores, "all", 512, "sparse", "mean").value());
    assertNull(one(scores, "all", 0, "sparse", "average").value());
    assertTrue(
        scores.scores().stream()
            .noneMatch(s -> s.method().equals("sparse") && s.metric().equals("effective_length")));
    assertEquals(
        List.of("vt/512", "vt/1024", "all/1024"),
        scores.paired().stream().map(p -> p.task() + "/" + p.length()).toList());
  }

  @Test
  void oneMethodAloneHasNoComparison() {
    run.add("vt", 512, "a", Map.of("sparse", true));
    Scores scores = score();
    assertTrue(scores.paired().isEmpty());
    assertEquals(1, scores.runs().size());
    assertEquals(false, scores.runs().get(0).baseline());
    assertNull(one(scores, "vt", 512, "sparse", "string_match_all").ci95(), "n = 1");
  }

  @Test
  void ratesAreMediansAndTheFirstTokenBelongsToThePrefill() {
    cell("vt", 512, 7, 7, 7);
    Scores scores = score();
    Score prefill = one(scores, "all", 512, "sparse", "prefill_tokens_per_second");
    assertEquals((512 - 32) / 2.0, prefill.value());
    assertEquals(7, prefill.n());
    assertEquals(10, one(scores, "all", 512, "sparse", "decode_tokens_per_second").value());
  }

  @Test
  void theOrderOfRowsDoesNotMatter() {
    cell("vt", 512, 9, 7, 5);
    cell("qa_1", 1024, 9, 6, 8);
    Scores expected = score();
    for (int i = 0; i < 3; i++) {
      List<Generation> rows = new ArrayList<>(run.generations);
      List<SampleSummary> samples = new ArrayList<>(run.samples);
      Collections.shuffle(rows, new Random(i));
      Collections.shuffle(samples, new Random(i));
      assertEquals(expected, Scoring.score(samples, rows, "dense", 42));
    }
  }

  @Test
  void badInputIsNamed() {
    assertMessage(
        "there are no samples to score; prepare the suite first, or check the samples" + " folder");
    run.sample("vt", 512, "a", "X");
    assertMessage(
        "there are no generations to score for 1 samples; run the evaluation first, or"
            + " check the generations folder");
    run.answer("vt", 512, "a", "dense", "X").sample("vt", 512, "a", "X");
    assertMessage(
        "sample vt/512/a of the suite 'ruler' is there twice; ids are unique within task"
            + " and length");
    run.samples.clear();
    run.sample("vt", 512, "a");
    assertMessage(
        "sample vt/512/a of the suite 'ruler' has no reference: there is nothing to"
            + " score an answer against");
  }

  private void assertMessage(String expected) {
    assertEquals(expected, assertThrows(IllegalArgumentException.class, this::score).getMessage());
  }
}
