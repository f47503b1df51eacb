package dev.longspan.eval.score.longppl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.eval.Generation;
import dev.longspan.eval.SampleSummary;
import dev.longspan.eval.ScoreRows;
import dev.longspan.eval.Scores;
import dev.longspan.eval.Scores.Paired;
import dev.longspan.eval.Scores.Score;
import dev.longspan.eval.longppl.DocumentPerplexity;
import dev.longspan.eval.score.Scoring;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LongPplScorerTest {
  private final List<SampleSummary> samples = new ArrayList<>();
  private final List<Generation> generations = new ArrayList<>();

  private void document(String id) {
    samples.add(
        new SampleSummary("longppl", "documents", 0, id, "", "", List.of("[1, 2]"), Map.of()));
  }

  private void answer(String id, String method, String text, String error) {
    generations.add(
        new Generation(
            id + method,
            "longppl",
            "documents",
            0,
            id,
            0,
            method,
            text,
            9,
            0,
            "scored",
            error,
            error,
            0,
            0));
  }

  private void answer(String id, String method, int tokens, int keys, double loss, double keyLoss) {
    answer(id, method, new DocumentPerplexity(tokens, keys, loss, keyLoss).text(), null);
  }

  private Scores score() {
    return Scoring.score(samples, generations, "dense", 1);
  }

  @Test
  void documentsWeighAsManyAsTheyHaveTokens() {
    List.of("a", "b", "c").forEach(this::document);
    answer("a", "dense", 3, 2, 4, 3);
    answer("b", "dense", 5, 1, 8, 4);
    answer("c", "dense", 3, 0, 6, 0);
    Scores scores = score();
    Score longPpl = ScoreRows.only(scores, "documents", "longppl");
    assertEquals(Math.exp((3 + 4) / 3.0), longPpl.value(), 1e-6);
    // A document without key tokens says nothing about them.
    assertEquals(2, longPpl.n());
    assertEquals(0, longPpl.missing());
    Score perplexity = ScoreRows.only(scores, "documents", "perplexity");
    // Weighted by tokens, the first included, as the published implementation does.
    assertEquals(Math.exp((3 * 2 + 5 * 2 + 3 * 3) / 11.0), perplexity.value(), 1e-6);
    assertEquals(
        Math.round(100 * 100 * 3 / 11.0) / 100.0,
        ScoreRows.only(scores, "documents", "key_tokens").value());
    assertEquals(
        33.33, ScoreRows.only(scores, "documents", "documents_without_key_tokens").value());
    assertEquals("lower", scores.suites().get(0).better());
  }

  @Test
  void aDocumentThatFailedIsAnErrorAndNoPerplexity() {
    document("a");
    document("b");
    answer("a", "dense", 3, 2, 4, 3);
    answer("b", "dense", "", "PROMPT_TOO_LONG");
    Score longPpl = ScoreRows.only(score(), "documents", "longppl");
    assertEquals(Math.exp(1.5), longPpl.value(), 1e-6);
    assertEquals(1, longPpl.errors());
    assertEquals(1, longPpl.n());
    assertNull(longPpl.stderr());
  }

  @Test
  void methodsAreComparedDocumentByDocumentAndLowerIsBetter() {
    for (int i = 0; i < 12; i++) {
      document("d" + i);
      int keys = 10 + i;
      answer("d" + i, "dense", 100, keys, 150 + i, keys * (0.7 + 0.01 * i));
      answer("d" + i, "sparse", 100, keys, 150 + i, keys * (0.8 + 0.01 * i));
      answer("d" + i, "better", 100, keys, 150 + i, keys * (0.6 + 0.01 * i));
    }
    Scores scores = score();
    Paired worse = pair(scores, "sparse");
    assertEquals("worse", worse.verdict());
    assertTrue(worse.delta() > 0, worse.toString());
    assertTrue(worse.ci95().lo() > 0, worse.toString());
    assertEquals(0, worse.wins());
    assertEquals(12, worse.losses());
    Score dense = value(scores, "dense");
    Score sparse = value(scores, "sparse");
    assertEquals(sparse.value() - dense.value(), worse.delta(), 2e-6);
    assertEquals(dense.value() * Math.exp(0.1), sparse.value(), 1e-5);
    assertEquals("better", pair(scores, "better").verdict());
    assertTrue(scores.scores().stream().noneMatch(s -> s.metric().equals(Scores.RETENTION)));
  }

  private static Paired pair(Scores scores, String method) {
    return scores.paired().stream()
        .filter(p -> p.method().equals(method) && p.task().equals("documents"))
        .findFirst()
        .orElseThrow();
  }

  private static Score value(Scores scores, String method) {
    return scores.scores().stream()
        .filter(s -> s.method().equals(method) && s.metric().equals("longppl"))
        .findFirst()
        .orElseThrow();
  }
}
