package dev.longspan.eval.stats;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * The percentile bootstrap (Efron 1979) of means.
 *
 * <p>It works on replicates, the means of {@link #RESAMPLES} resamples of one group of samples.
 * Anything computed from several means, such as their average, difference or ratio, is computed
 * replicate by replicate from theirs. Equal seeds draw equal samples, so two methods that answered
 * the same samples are resampled together.
 */
public final class Bootstrap {
  /** Resamples drawn for each group. */
  public static final int RESAMPLES = 10_000;

  private Bootstrap() {}

  /**
   * Returns the means of {@link #RESAMPLES} resamples of {@code values} with replacement.
   *
   * @param values one value for each sample, already averaged over attempts, so that the sample is
   *     the unit that is drawn
   * @throws IllegalArgumentException if there is no value
   */
  public static double[] means(double[] values, long seed) {
    int n = values.length;
    if (n == 0) {
      throw new IllegalArgumentException("cannot resample 0 values: at least one is needed");
    }
    SplittableRandom random = new SplittableRandom(seed);
    double[] means = new double[RESAMPLES];
    for (int r = 0; r < RESAMPLES; r++) {
      double sum = 0;
      for (int i = 0; i < n; i++) {
        sum += values[random.nextInt(n)];
      }
      means[r] = sum / n;
    }
    return means;
  }

  /**
   * Returns the interval between the 2.5th and the 97.5th percentile of {@code replicates}, or null
   * if one of them is not a number, as the ratio to a mean of zero is.
   */
  public static Interval interval(double[] replicates) {
    double[] sorted = replicates.clone();
    Arrays.sort(sorted);
    double largest = sorted[sorted.length - 1]; // NaN sorts above infinity
    if (!Double.isFinite(largest) || !Double.isFinite(sorted[0])) {
      return null;
    }
    return new Interval(quantile(sorted, 0.025), quantile(sorted, 0.975));
  }

  /** The quantile with linear interpolation between order statistics. */
  private static double quantile(double[] sorted, double q) {
    double position = q * (sorted.length - 1);
    int below = (int) position;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
  }
}
