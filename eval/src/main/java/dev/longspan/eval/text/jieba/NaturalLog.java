package dev.longspan.eval.text.jieba;

import java.math.BigDecimal;
import java.math.MathContext;

/**
 * Natural logarithm, correctly rounded on every platform.
 *
 * <p>Two ways to cut a text can have the same probability up to the last bit, and jieba takes the
 * one whose rounded sum is larger. {@link StrictMath#log} differs from the C library, which Python
 * uses, in the last bit of one logarithm in seventy; {@link Math#log} may differ by machine.
 */
final class NaturalLog {
  private static final MathContext DIGITS = new MathContext(26);
  private static final BigDecimal LN_2 = new BigDecimal("0.693147180559945309417232121458176568");
  private static final int TERMS = 16;

  private NaturalLog() {}

  /** Returns ln({@code x}) for a positive finite {@code x}. */
  static double of(double x) {
    int exponent = Math.getExponent(x);
    double mantissa = Math.scalb(x, -exponent);
    if (mantissa > 4.0 / 3) {
      mantissa /= 2;
      exponent++;
    }
    // ln m = 2 artanh t with t = (m - 1) / (m + 1), here |t| <= 1/5: each term adds 1.4 digits.
    BigDecimal m = new BigDecimal(mantissa);
    BigDecimal t = m.subtract(BigDecimal.ONE).divide(m.add(BigDecimal.ONE), DIGITS);
    BigDecimal square = t.multiply(t, DIGITS);
    BigDecimal power = t;
    BigDecimal sum = t;
    for (int k = 1; k <= TERMS; k++) {
      power = power.multiply(square, DIGITS);
      sum = sum.add(power.divide(BigDecimal.valueOf(2 * k + 1), DIGITS));
    }
    return sum.add(sum).add(LN_2.multiply(BigDecimal.valueOf(exponent))).doubleValue();
  }
}
