package dev.longspan.eval.code;

import dev.longspan.eval.text.PyStrings;
import java.math.BigDecimal;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Compares printed output with the expected one by LiveCodeBench's rules.
 *
 * <p>Both texts are stripped and split into lines, the lines stripped; their number must agree, and
 * each pair must be equal as text or, field by field, as exact decimal numbers.
 */
final class OutputComparison {
  private static final Pattern DECIMAL =
      Pattern.compile("[+-]?(\\d[\\d_]*(\\.[\\d_]*)?|\\.\\d[\\d_]*)([eE][+-]?\\d{1,9})?");

  private OutputComparison() {}

  /** Returns the first difference in words, or null if the outputs agree. */
  static String difference(String actual, String expected) {
    List<String> got = PyStrings.split(PyStrings.strip(actual), "\n");
    List<String> want = PyStrings.split(PyStrings.strip(expected), "\n");
    if (got.size() != want.size()) {
      return got.size() + " lines of output, expected " + want.size();
    }
    for (int i = 0; i < got.size(); i++) {
      String a = PyStrings.strip(got.get(i));
      String b = PyStrings.strip(want.get(i));
      if (!a.equals(b) && !sameNumbers(a, b)) {
        return "line " + (i + 1) + ": " + shorten(a) + ", expected " + shorten(b);
      }
    }
    return null;
  }

  private static boolean sameNumbers(String a, String b) {
    List<String> left = PyStrings.split(a);
    List<String> right = PyStrings.split(b);
    if (left.size() != right.size()) {
      return false;
    }
    for (int i = 0; i < left.size(); i++) {
      BigDecimal x = decimal(left.get(i));
      BigDecimal y = decimal(right.get(i));
      if (x == null || y == null || x.compareTo(y) != 0) {
        return false;
      }
    }
    return true;
  }

  private static BigDecimal decimal(String field) {
    return DECIMAL.matcher(field).matches() ? new BigDecimal(field.replace("_", "")) : null;
  }

  private static String shorten(String text) {
    return text.length() <= 80 ? text : text.substring(0, 80) + "...";
  }
}
