package dev.longspan.kernels.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.longspan.kernels.attention.AttentionMethod;
import dev.longspan.kernels.attention.DenseAttention;
import dev.longspan.kernels.attention.InfLlmV2;
import dev.longspan.kernels.backend.Backend;
import dev.longspan.kernels.backend.KvStore;
import dev.longspan.kernels.backend.scalar.ScalarBackend;
import dev.longspan.kernels.checkpoint.Dtype;
import dev.longspan.kernels.checkpoint.RandomWeights;
import dev.longspan.kernels.sampling.LogProbs;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ModelErrorsTest {
  private final Backend backend = new ScalarBackend();
  private final Model model =
      Model.of(TestModels.config(1, 2, 32), new RandomWeights(1, Dtype.F32), backend);
  private final KvStore kv = model.kvStore(2);

  @AfterEach
  void close() {
    kv.close();
    model.close();
    backend.close();
  }

  private static Sequence sequence(AttentionMethod method, int pages) {
    Sequence sequence = new Sequence(method, 100);
    for (int i = 0; i < pages; i++) {
      sequence.addPage(i);
    }
    return sequence;
  }

  private void refuses(String message, Step step) {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> model.forward(step, kv));
    assertEquals(message, e.getMessage());
  }

  private static Step step(Sequence sequence, int start, int[] tokens, int... scored) {
    List<Pick> picks = Arrays.stream(scored).<Pick>mapToObj(r -> new Pick.Score(r, 5)).toList();
    return new Step(tokens, List.of(new Step.Segment(sequence, 0, tokens.length, start)), picks);
  }

  @Test
  void refusesTokensOutsideTheVocabulary() {
    Sequence sequence = sequence(new DenseAttention(), 1);
    refuses(
        "token 101 in row 2 is outside the vocabulary of 101; does the tokenizer belong to this"
            + " model?",
        step(sequence, 0, new int[] {1, 100, 101}));
    refuses(
        "token -1 in row 0 is outside the vocabulary of 101; does the tokenizer belong to this"
            + " model?",
        step(sequence, 0, new int[] {-1}));
    assertEquals(0, sequence.length());
  }

  @Test
  void refusesASegmentThatDoesNotContinueItsSequence() {
    refuses(
        "segment starts at position 5 but its sequence has 0 tokens in the cache; feed each token"
            + " once and in order",
        step(sequence(new DenseAttention(), 1), 5, new int[] {1}));
  }

  @Test
  void refusesASequenceWithTooFewPages() {
    refuses(
        "sequence holds 1 pages = 64 tokens but the step needs 65; add pages before the step",
        step(sequence(new DenseAttention(), 1), 0, new int[65]));
  }

  @Test
  void refusesRowsThatNoSegmentCovers() {
    Sequence sequence = sequence(new DenseAttention(), 1);
    refuses(
        "segments cover 2 rows but the step has 3",
        new Step(new int[3], List.of(new Step.Segment(sequence, 0, 2, 0)), List.of()));
    refuses(
        "segment of 2 rows starts at row 1: segments follow each other without gaps and hold at"
            + " least one row, so it must start at row 0",
        new Step(new int[3], List.of(new Step.Segment(sequence, 1, 2, 0)), List.of()));
  }

  @Test
  void refusesPicksOutOfOrderOrRange() {
    Sequence sequence = sequence(new DenseAttention(), 1);
    refuses(
        "pick of row 1 after row 1: must ascend and stay below 3",
        step(sequence, 0, new int[3], 1, 1));
    refuses(
        "pick of row 3 after row 2: must ascend and stay below 3",
        step(sequence, 0, new int[3], 2, 3));
  }

  @Test
  void refusesAMethodThatNeedsOtherCompressedKeys() {
    SparseConfig other = new SparseConfig(16, 8, 1, 64, 64, 4, 0, true, false);
    refuses(
        "infllm-v2 with kernel_size 16 and kernel_stride 8 cannot read this model's cache, which is"
            + " compressed by 32 and 16; use the model's own values",
        step(sequence(new InfLlmV2(other), 1), 0, new int[3]));
  }

  @Test
  void refusesPagesThatTheCacheDoesNotHave() {
    Sequence sequence = new Sequence(new DenseAttention(), 100);
    sequence.addPage(2);
    refuses(
        "sequence holds page 2 but the cache has pages 0 to 1; pages belong to one cache",
        step(sequence, 0, new int[3]));
  }

  @Test
  void scoresManyRowsInOrder() {
    int[] tokens = TestModels.tokens(128, 3);
    int[] rows = IntStream.range(0, 128).filter(i -> i % 3 != 1).toArray();
    float[] all = new float[128 * 101];
    Prefill.run(model, kv, sequence(new DenseAttention(), 2), tokens, 128, 128, all);

    Results results = model.forward(step(sequence(new DenseAttention(), 2), 0, tokens, rows), kv);

    for (int i = 0; i < rows.length; i++) {
      float expected = (float) LogProbs.of(all, rows[i] * 101, 101, 5);
      assertEquals(expected, results.logProbs()[i], "row " + rows[i]);
    }
  }
}
