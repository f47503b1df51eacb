package dev.longspan.kernels.sampling;

/**
 * How a token is drawn from logits.
 *
 * @param temperature 0 for the best token
 * @param topK candidates kept by rank; 0 for all
 * @param topP candidates kept by cumulative probability; 1 for all
 * @param minP candidates kept by probability relative to the best; 0 for all
 * @param repetitionPenalty divides positive and multiplies negative logits of tokens seen before; 1
 *     for none
 */
public record Filters(
    double temperature, int topK, double topP, double minP, double repetitionPenalty) {
  /** Takes the best token. */
  public static final Filters GREEDY = new Filters(0, 0, 1, 0, 1);
}
