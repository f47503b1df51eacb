package dev.longspan.eval.stats;

/** The binomial distribution of a fair coin. */
final class Binomial {
  private Binomial() {}

  /** Returns the probability of at most {@code heads} heads in {@code tosses} tosses. */
  static double fairTail(int heads, int tosses) {
    // In logarithms, since 2^-tosses underflows beyond a thousand tosses.
    double log = -tosses * Math.log(2);
    double tail = Math.exp(log);
    for (int i = 1; i <= heads; i++) {
      log += Math.log(tosses - i + 1) - Math.log(i);
      tail += Math.exp(log);
    }
    return Math.min(1, tail);
  }
}
