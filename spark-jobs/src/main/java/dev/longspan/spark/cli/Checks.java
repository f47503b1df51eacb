package dev.longspan.spark.cli;

import dev.longspan.spark.UsageException;

/** Bounds of numeric options. */
final class Checks {
  private Checks() {}

  static void atLeast(String option, Integer value, int least) {
    if (value != null && value < least) {
      throw new UsageException(option + " is " + value + "; it must be at least " + least + ".");
    }
  }

  static void atLeast(String option, double value, double least) {
    if (!(value >= least && value < Double.POSITIVE_INFINITY)) {
      throw new UsageException(option + " is " + value + "; it must be at least " + least + ".");
    }
  }

  /** Refuses what is not above 0 and at most {@code high}. */
  static void positive(String option, double value, double high) {
    if (!(value > 0 && value <= high)) {
      throw new UsageException(
          option
              + " is "
              + value
              + "; it must be above 0"
              + (high == Double.MAX_VALUE ? "." : " and at most " + high + "."));
    }
  }
}
