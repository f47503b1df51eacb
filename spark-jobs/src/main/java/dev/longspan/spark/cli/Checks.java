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

  /** Refuses what is not within {@code low} and {@code high}, both allowed. */
  static void within(String option, double value, double low, double high) {
    if (!(value >= low && value <= high)) {
      throw new UsageException(
          option
              + " is "
              + value
              + "; it must be "
              + (high == Double.MAX_VALUE ? "at least " + low : "between " + low + " and " + high)
              + ".");
    }
  }
}
