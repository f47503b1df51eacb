package dev.longspan.kernels.engine;

import dev.longspan.kernels.sampling.Filters;
import java.util.List;

/**
 * How tokens are drawn and when to stop.
 *
 * <p>The filters work in this order: repetition penalty, temperature, top-k, top-p, min-p, each on
 * what the one before left.
 *
 * @param maxNewTokens limit of generated tokens, at least 1; the end of the model's context may
 *     come earlier
 * @param temperature 0 for greedy
 * @param topK candidates kept by rank; 0 for all
 * @param topP candidates kept by cumulative probability; 1 for all
 * @param minP candidates kept by probability relative to the best; 0 for all
 * @param repetitionPenalty divides positive and multiplies negative logits of tokens that the
 *     prompt or the answer holds; 1 for none
 * @param stopStrings the answer ends, and its text is cut, before the first of them
 * @param stopTokens token ids that end the answer beside the model's own end tokens
 * @param seed base seed; each request mixes in its key
 */
public record Sampling(
    int maxNewTokens,
    double temperature,
    int topK,
    double topP,
    double minP,
    double repetitionPenalty,
    List<String> stopStrings,
    List<Integer> stopTokens,
    long seed) {

  /** Returns greedy decoding of at most {@code maxNewTokens} tokens. */
  public static Sampling greedy(int maxNewTokens) {
    return new Sampling(maxNewTokens, 0, 0, 1, 0, 1, List.of(), List.of(), 0);
  }

  /** Returns what concerns a single draw. */
  Filters filters() {
    return new Filters(temperature, topK, topP, minP, repetitionPenalty);
  }
}
