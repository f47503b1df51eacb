package dev.longspan.eval.longppl;

import java.io.Serializable;
import java.util.Locale;

/**
 * What makes a token a key token.
 *
 * @param alpha a key token loses more than this in log-probability when the context gets short
 * @param beta its log-probability with the long context is more than this
 * @param shortContext least number of tokens in a short context
 * @param window tokens scored by one pass with a short context, which therefore sees up to {@code
 *     shortContext + window - 1} tokens
 */
public record LongPplSettings(double alpha, double beta, int shortContext, int window)
    implements Serializable {
  /** The settings of the paper. */
  public static final LongPplSettings PAPER = new LongPplSettings(2, -2, 4096, 1024);

  /** Returns the settings in words. */
  public String describe() {
    return String.format(
        Locale.ROOT,
        "alpha %s, beta %s, short context %,d, window %,d",
        alpha,
        beta,
        shortContext,
        window);
  }

  /** Checks the lengths. */
  public LongPplSettings {
    if (shortContext < 1 || window < 1) {
      throw new IllegalArgumentException(
          "LongPPL needs a short context and a window of at least 1 token, but they are "
              + shortContext
              + " and "
              + window);
    }
  }
}
