package dev.longspan.kernels.model;

import dev.longspan.kernels.sampling.Sampler;

/**
 * What became of the picks of a step, by their index.
 *
 * @param tokens drawn token of each {@link Pick.Draw}, or {@link #NOT_FINITE}; -1 for other picks
 * @param logProbs log-probability of each {@link Pick.Score}, NaN where the logits are not finite;
 *     0 for other picks
 */
public record Results(int[] tokens, float[] logProbs) {
  /** Stands for a token where the logits are no numbers to choose by. */
  public static final int NOT_FINITE = Sampler.NOT_FINITE;
}
