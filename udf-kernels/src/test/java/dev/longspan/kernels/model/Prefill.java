package dev.longspan.kernels.model;

import dev.longspan.kernels.backend.KvStore;
import dev.longspan.kernels.sampling.Filters;
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
      List<Pick> reads =
          IntStream.range(from, at + count)
              .<Pick>mapToObj(t -> new Pick.Read(t - base, logits, (t - firstWanted) * vocab))
              .toList();
      model.forward(step(sequence, Arrays.copyOfRange(tokens, at, at + count), reads), kv);
    }
  }

  /** Returns {@code first} and the tokens that greedy decoding puts after it, {@code n} in all. */
  static int[] greedy(Model model, KvStore kv, Sequence sequence, int first, int n) {
    int[] tokens = new int[n];
    tokens[0] = first;
    List<Pick> draw = List.of(new Pick.Draw(0, Filters.GREEDY, null, 0));
    for (int i = 1; i < n; i++) {
      Step step = step(sequence, new int[] {tokens[i - 1]}, draw);
      tokens[i] = model.forward(step, kv).tokens()[0];
    }
    return tokens;
  }

  /** Returns a step that continues one sequence. */
  static Step step(Sequence sequence, int[] tokens, List<Pick> picks) {
    Step.Segment segment = new Step.Segment(sequence, 0, tokens.length, sequence.length());
    return new Step(tokens, List.of(segment), picks);
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
