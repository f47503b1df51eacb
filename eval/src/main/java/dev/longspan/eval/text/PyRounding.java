package dev.longspan.eval.text;

import java.math.BigDecimal;
import java.math.RoundingMode;

/** Rounding with the meaning of Python's {@code round}: half to even on the exact binary value. */
public final class PyRounding {
  private PyRounding() {}

  /**
   * Returns {@code round(value, digits)}.
   *
   * @throws IllegalArgumentException if {@code value} is infinite or not a number
   */
  public static double round(double value, int digits) {
    if (!Double.isFinite(value)) {
      throw new IllegalArgumentException("cannot round " + value + ": it is not finite");
    }
    return new BigDecimal(value).setScale(digits, RoundingMode.HALF_EVEN).doubleValue();
  }
}
