package dev.longspan.eval.stats;

import java.math.BigDecimal;
import java.math.RoundingMode;

/**
 * Rounding as Python's {@code round(x, digits)} does it, so that figures agree to the last digit.
 */
public final class Rounding {
  private Rounding() {}

  /**
   * Returns {@code x} rounded to {@code digits} decimals, half to even on the exact binary value:
   * 2.675 is stored a little below 2.675 and becomes 2.67.
   *
   * @throws IllegalArgumentException if {@code x} is not finite
   */
  public static double halfEven(double x, int digits) {
    if (!Double.isFinite(x)) {
      throw new IllegalArgumentException("cannot round " + x + ": it is not a finite number");
    }
    // valueOf would round the shortest decimal form of x; the constructor takes x as it is stored.
    double rounded = new BigDecimal(x).setScale(digits, RoundingMode.HALF_EVEN).doubleValue();
    return rounded == 0 ? 0 : rounded;
  }
}
