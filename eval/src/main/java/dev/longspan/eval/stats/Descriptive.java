package dev.longspan.eval.stats;

import java.util.Arrays;

/** Mean, standard error and median of a few numbers. */
public final class Descriptive {
  private Descriptive() {}

  /** Returns the sum, added from left to right; 0 for no values. */
  public static double sum(double[] values) {
    double sum = 0;
    for (double value : values) {
      sum += value;
    }
    return sum;
  }

  /** Returns the arithmetic mean; NaN for no values. */
  public static double mean(double[] values) {
    return sum(values) / values.length;
  }

  /**
   * Returns the standard error of the mean, the sample standard deviation (n - 1) over the root of
   * n; NaN for fewer than two values.
   */
  public static double standardError(double[] values) {
    int n = values.length;
    if (n < 2) {
      return Double.NaN;
    }
    double mean = mean(values);
    double squares = 0;
    for (double value : values) {
      squares += (value - mean) * (value - mean);
    }
    return Math.sqrt(squares / (n - 1) / n);
  }

  /** Returns the median, the mean of the middle two for an even count; NaN for no values. */
  public static double median(double[] values) {
    if (values.length == 0) {
      return Double.NaN;
    }
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  /**
   * Returns the distribution-free 95 % interval of the median: the closest pair of order statistics
   * (r-th smallest, r-th largest) that covers it with at least that probability; null for fewer
   * than six values, which have no such pair.
   */
  public static Interval medianInterval(double[] values) {
    int n = values.length;
    int rank = 0;
    while (rank < n / 2 && Binomial.fairTail(rank, n) <= 0.025) {
      rank++;
    }
    if (rank == 0) {
      return null;
    }
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return new Interval(sorted[rank - 1], sorted[n - rank]);
  }
}
