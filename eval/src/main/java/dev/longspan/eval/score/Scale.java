package dev.longspan.eval.score;

import dev.longspan.eval.stats.Estimate;
import dev.longspan.eval.stats.Interval;
import dev.longspan.eval.stats.Rounding;

/** What the values of a suite's samples are, and how many of them become one. */
public enum Scale {
  /** From 0 (wrong) to 1 (right); their mean is shown as a percentage. Higher is better. */
  PERCENT {
    @Override
    Estimate estimate(double[] values, double[] weights, long seed) {
      return Estimate.of(values, seed);
    }

    @Override
    double shown(double value) {
      return Rounding.halfEven(100 * value, 2);
    }
  },
  /**
   * Mean losses in nats of as many tokens as the weights say; what is shown is e to the power of
   * their weighted mean. Lower is better.
   */
  PERPLEXITY {
    @Override
    Estimate estimate(double[] values, double[] weights, long seed) {
      return Estimate.weighted(values, weights, seed).exp();
    }

    @Override
    double shown(double value) {
      return Rounding.halfEven(value, 6);
    }
  };

  /** Returns whether a method is better with a higher value. */
  public boolean higherIsBetter() {
    return this == PERCENT;
  }

  /**
   * Returns the weight of a row that failed: it counts as wrong where answers are right or wrong,
   * and says nothing about a perplexity.
   */
  double weightOfFailure() {
    return this == PERCENT ? 1 : 0;
  }

  /** Returns the one value that the values of several samples make, before it is shown. */
  abstract Estimate estimate(double[] values, double[] weights, long seed);

  /** Returns a finite value as scores and reports show it. */
  abstract double shown(double value);

  /** Returns a value as it is shown; null for NaN. */
  Double orNull(double value) {
    return Double.isNaN(value) ? null : (Double) shown(value);
  }

  Interval shown(Interval interval) {
    return interval == null ? null : new Interval(shown(interval.lo()), shown(interval.hi()));
  }
}
