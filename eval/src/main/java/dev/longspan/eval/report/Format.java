package dev.longspan.eval.report;

import dev.longspan.eval.stats.Interval;
import java.util.Locale;

/** Numbers as reports print them. */
final class Format {
  /** Stands where there is no value. */
  static final String NONE = "–";

  private Format() {}

  static String count(long value) {
    return String.format(Locale.ROOT, "%,d", value);
  }

  /** One decimal, but a plain 0 and 100. */
  static String score(Double value) {
    if (value == null || value.isNaN()) {
      return NONE;
    }
    return value == 0 || value == 100
        ? String.valueOf(value.intValue())
        : String.format(Locale.ROOT, "%.1f", value);
  }

  /** Three decimals, for perplexities. */
  static String perplexity(Double value) {
    return value == null || value.isNaN() ? NONE : String.format(Locale.ROOT, "%,.3f", value);
  }

  /** One decimal and a sign, with the minus that is as wide as the plus. */
  static String signed(double value) {
    return signed(value, 1);
  }

  static String signed(double value, int decimals) {
    String text = String.format(Locale.ROOT, "%+." + decimals + "f", value);
    boolean zero = Double.parseDouble(text) == 0;
    return zero ? text.substring(1) : text.replace('-', '−');
  }

  static String interval(Interval interval) {
    return interval(interval, 1);
  }

  static String interval(Interval interval, int decimals) {
    String number = "%." + decimals + "f";
    return interval == null
        ? ""
        : String.format(
            Locale.ROOT, "[" + number + ", " + number + "]", interval.lo(), interval.hi());
  }

  static String signedInterval(Interval interval, int decimals) {
    return interval == null
        ? ""
        : "[" + signed(interval.lo(), decimals) + ", " + signed(interval.hi(), decimals) + "]";
  }

  static String p(double p) {
    return p < 0.001 ? "< 0.001" : String.format(Locale.ROOT, "%.3f", p);
  }

  static String rate(double value) {
    return Double.isNaN(value)
        ? NONE
        : String.format(Locale.ROOT, value < 100 ? "%.1f" : "%,.0f", value);
  }

  static String times(double ratio) {
    return Double.isNaN(ratio)
        ? NONE
        : String.format(Locale.ROOT, ratio < 10 ? "%.2f×" : "%.1f×", ratio);
  }

  static String seconds(double seconds) {
    long whole = Math.round(seconds);
    return whole < 60
        ? String.format(Locale.ROOT, "%.1f s", seconds)
        : whole < 3600
            ? whole / 60 + " min " + whole % 60 + " s"
            : whole / 3600 + " h " + whole % 3600 / 60 + " min";
  }
}
