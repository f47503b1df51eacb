package dev.longspan.eval.stats;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A mean, or what is made of it, with what is known about its error.
 *
 * @param value the mean; NaN if there is nothing to average
 * @param n samples in it
 * @param stderr its standard error; NaN for fewer than two samples
 * @param replicates its bootstrap replicates; empty if there is nothing to average
 */
public record Estimate(double value, int n, double stderr, double[] replicates) {
  private static final Estimate NOTHING = new Estimate(Double.NaN, 0, Double.NaN, new double[0]);

  /** Returns the mean of {@code values}, one for each sample. */
  public static Estimate of(double[] values, long seed) {
    if (values.length == 0) {
      return NOTHING;
    }
    return new Estimate(
        Descriptive.mean(values),
        values.length,
        Descriptive.standardError(values),
        Bootstrap.means(values, seed));
  }

  /**
   * Returns the weighted mean of {@code values}, one for each sample, whose weights are drawn with
   * them: a ratio of two sums. Samples without weight are no part of it.
   */
  public static Estimate weighted(double[] values, double[] weights, long seed) {
    int[] used = IntStream.range(0, values.length).filter(i -> weights[i] > 0).toArray();
    int n = used.length;
    if (n == 0) {
      return NOTHING;
    }
    double[] products = Arrays.stream(used).mapToDouble(i -> weights[i] * values[i]).toArray();
    double[] kept = Arrays.stream(used).mapToDouble(i -> weights[i]).toArray();
    double total = Descriptive.sum(kept);
    double mean = Descriptive.sum(products) / total;
    double squares = 0;
    for (int i = 0; i < n; i++) {
      squares += Math.pow(products[i] - kept[i] * mean, 2);
    }
    double[] replicates = Bootstrap.means(products, seed);
    double[] drawn = Bootstrap.means(kept, seed);
    for (int r = 0; r < replicates.length; r++) {
      replicates[r] /= drawn[r];
    }
    double stderr = n < 2 ? Double.NaN : Math.sqrt(squares * n / (n - 1)) / total;
    return new Estimate(mean, n, stderr, replicates);
  }

  /** Returns e to the power of this estimate; its standard error follows by the delta method. */
  public Estimate exp() {
    return new Estimate(
        Math.exp(value),
        n,
        Math.exp(value) * stderr,
        Arrays.stream(replicates).map(Math::exp).toArray());
  }

  /**
   * Returns this estimate less another one that was drawn with its seed over the same samples; the
   * standard error is that of the replicates.
   */
  public Estimate minus(Estimate other) {
    double[] differences = new double[replicates.length];
    for (int r = 0; r < differences.length; r++) {
      differences[r] = replicates[r] - other.replicates[r];
    }
    double deviation =
        n < 2 ? Double.NaN : Descriptive.standardError(differences) * Math.sqrt(differences.length);
    return new Estimate(value - other.value, n, deviation, differences);
  }

  /**
   * Returns {@code first - second}, which were drawn with one seed over the same samples.
   *
   * @param differences the difference at each sample
   */
  public static Estimate difference(Estimate first, Estimate second, double[] differences) {
    if (differences.length == 0) {
      return NOTHING;
    }
    double[] replicates = new double[first.replicates.length];
    for (int r = 0; r < replicates.length; r++) {
      replicates[r] = first.replicates[r] - second.replicates[r];
    }
    return new Estimate(
        Descriptive.mean(differences),
        differences.length,
        Descriptive.standardError(differences),
        replicates);
  }

  /**
   * Returns the weighted mean of independent estimates, as a stratified sample has it; nothing if
   * one of them is nothing.
   *
   * @param weights one for each part; they are divided by their sum
   */
  public static Estimate combine(List<Estimate> parts, double[] weights) {
    if (parts.isEmpty() || parts.stream().anyMatch(part -> part.n == 0)) {
      return NOTHING;
    }
    double total = Descriptive.sum(weights);
    double value = 0;
    double variance = 0;
    int n = 0;
    double[] replicates = new double[parts.get(0).replicates.length];
    for (int i = 0; i < weights.length; i++) {
      Estimate part = parts.get(i);
      value += weights[i] * part.value;
      variance += weights[i] * weights[i] * part.stderr * part.stderr;
      n += part.n;
      for (int r = 0; r < replicates.length; r++) {
        replicates[r] += weights[i] / total * part.replicates[r];
      }
    }
    return new Estimate(value / total, n, Math.sqrt(variance) / total, replicates);
  }

  /** Returns the 95 % bootstrap interval, or null for fewer than two samples. */
  public Interval interval() {
    return n < 2 ? null : Bootstrap.interval(replicates);
  }

  /**
   * Returns the 95 % interval of {@code this / other}, which were drawn with one seed over the same
   * samples; null if there are fewer than two or a replicate of {@code other} is zero.
   */
  public Interval ratioInterval(Estimate other) {
    if (n < 2) {
      return null;
    }
    double[] ratios = new double[replicates.length];
    for (int r = 0; r < ratios.length; r++) {
      ratios[r] = other.replicates[r] == 0 ? Double.NaN : replicates[r] / other.replicates[r];
    }
    return Bootstrap.interval(ratios);
  }
}
