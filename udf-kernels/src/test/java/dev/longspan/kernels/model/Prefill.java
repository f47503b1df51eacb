package dev.longspan.kernels.model;

import dev.longspan.kernels.backend.KvStore;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Drives a model with one sequence, for tests. */
final class Prefill {
  private Prefill() {}

  /**
   * Feeds {@code tokens} in chunks and writes the logits of the last {@code tail} of them.
   *
   * @param logits [tail, vocab]
   */
  static void run(
      Model model,
      KvStore kv,
      Sequence sequence,
      int[] tokens,
      int chunk,
      int tail,
      float[] logits) {
    int vocab = model.config().vocabSize();
    int firstWanted = tokens.length - tail;
    for (int at = 0; at < tokens.length; at += chunk) {
      int count = Math.min(chunk, tokens.length - at);
      int from = Math.max(at, firstWanted);
      int base = at;
      int[] rows = IntStream.range(from, at + count).map(t -> t - base).toArray();
      model.forward(
          step(sequence, Arrays.copyOfRange(tokens, at, at + count), rows),
          kv,
          (i, row, offset) ->
              System.arraycopy(row, offset, logits, (from + i - firstWanted) * vocab, vocab));
    }
  }

  /** Returns {@code first} and the tokens that greedy decoding puts after it, {@code n} in all. */
  static int[] greedy(Model model, KvStore kv, Sequence sequence, int first, int n) {
    int vocab = model.config().vocabSize();
    int[] tokens = new int[n];
    tokens[0] = first;
    for (int i = 1; i < n; i++) {
      int next = i;
      model.forward(
          step(sequence, new int[] {tokens[i - 1]}, new int[] {0}),
          kv,
          (row, logits, offset) -> tokens[next] = argmax(logits, offset, vocab));
    }
    return tokens;
  }

  /** Returns a step that continues one sequence. */
  static Step step(Sequence sequence, int[] tokens, int[] logitRows) {
    Step.Segment segment = new Step.Segment(sequence, 0, tokens.length, sequence.length());
    return new Step(tokens, List.of(segment), logitRows);
  }

  /** Returns the index of the largest of {@code n} values, the first of equals. */
  static int argmax(float[] values, int from, int n) {
    int best = 0;
    for (int i = 1; i < n; i++) {
      if (values[from + i] > values[from + best]) {
        best = i;
      }
    }
    return best;
  }
}
