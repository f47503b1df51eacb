package dev.longspan.eval.stats;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.List;

/**
 * A confidence interval; in JSON an array of two numbers.
 *
 * @param lo lower end
 * @param hi upper end
 */
public record Interval(double lo, double hi) {
  /** Reads the JSON form, {@code [lo, hi]}. */
  @JsonCreator
  public static Interval of(List<Double> ends) {
    if (ends.size() != 2 || ends.get(0) == null || ends.get(1) == null) {
      throw new IllegalArgumentException(
          "an interval is an array of two numbers, [lo, hi], but found " + ends);
    }
    return new Interval(ends.get(0), ends.get(1));
  }

  /** Returns the JSON form. */
  @JsonValue
  public List<Double> ends() {
    return List.of(lo, hi);
  }

  /** Returns the interval with both ends rounded to {@code digits} decimals. */
  public Interval rounded(int digits) {
    return new Interval(Rounding.halfEven(lo, digits), Rounding.halfEven(hi, digits));
  }
}
