package dev.longspan.kernels.sampling;

/** Log-probabilities from logits, in double precision. */
public final class LogProbs {
  private LogProbs() {}

  /**
   * Returns the natural log-probability of {@code token}: its logit less the log of the sum of the
   * exponentials of all; NaN if the logits are not finite.
   *
   * @param logits of the whole vocabulary from {@code offset}
   */
  public static double of(float[] logits, int offset, int vocab, int token) {
    double top = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < vocab; i++) {
      top = Math.max(top, logits[offset + i]);
    }
    double sum = 0;
    for (int i = 0; i < vocab; i++) {
      sum += Math.exp(logits[offset + i] - top);
    }
    return logits[offset + token] - top - Math.log(sum);
  }
}
