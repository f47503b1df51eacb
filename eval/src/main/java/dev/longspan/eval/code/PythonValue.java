package dev.longspan.eval.code;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.math.BigInteger;

/**
 * Compares a value that a program returned with an expected JSON value as Python's {@code ==} does.
 *
 * <p>Numbers compare by exact value whatever their type ({@code 1 == 1.0 == True}), lists and
 * dictionaries element by element, and nothing else is equal to anything in JSON.
 */
final class PythonValue {
  private PythonValue() {}

  /**
   * Returns whether the values are equal.
   *
   * @param actual as {@code runner.py} encodes it
   * @param expected plain JSON
   */
  static boolean equal(JsonNode actual, JsonNode expected) {
    if (actual.isNull() || expected.isNull()) {
      return actual.isNull() && expected.isNull();
    }
    if (actual.isTextual() || expected.isTextual()) {
      return actual.isTextual()
          && expected.isTextual()
          && actual.textValue().equals(expected.textValue());
    }
    if (actual.isArray() || expected.isArray()) {
      return actual.isArray() && expected.isArray() && equalElements(actual, expected);
    }
    if (actual.has("dict") || expected.isObject()) {
      return actual.has("dict") && expected.isObject() && equalEntries(actual, expected);
    }
    BigDecimal a = number(actual);
    BigDecimal b = plainNumber(expected);
    return a != null && b != null && a.compareTo(b) == 0;
  }

  private static boolean equalElements(JsonNode actual, JsonNode expected) {
    if (actual.size() != expected.size()) {
      return false;
    }
    for (int i = 0; i < actual.size(); i++) {
      if (!equal(actual.get(i), expected.get(i))) {
        return false;
      }
    }
    return true;
  }

  private static boolean equalEntries(JsonNode actual, JsonNode expected) {
    JsonNode entries = actual.get("dict");
    if (entries.size() != expected.size()) {
      return false;
    }
    for (JsonNode entry : entries) {
      JsonNode key = entry.get(0);
      JsonNode value = key.isTextual() ? expected.get(key.textValue()) : null;
      if (value == null || !equal(entry.get(1), value)) {
        return false;
      }
    }
    return true;
  }

  private static BigDecimal number(JsonNode actual) {
    if (actual.isBoolean()) {
      return actual.booleanValue() ? BigDecimal.ONE : BigDecimal.ZERO;
    }
    if (actual.has("int")) {
      String hex = actual.get("int").textValue().replace("0x", "");
      return new BigDecimal(new BigInteger(hex, 16));
    }
    if (actual.has("float")) {
      String text = actual.get("float").textValue();
      // Infinite and undefined floats have no counterpart in a test's JSON.
      return Character.isDigit(text.charAt(text.length() - 1))
          ? new BigDecimal(Double.parseDouble(text))
          : null;
    }
    return null;
  }

  private static BigDecimal plainNumber(JsonNode expected) {
    if (expected.isBoolean()) {
      return expected.booleanValue() ? BigDecimal.ONE : BigDecimal.ZERO;
    }
    if (expected.isIntegralNumber()) {
      return new BigDecimal(expected.bigIntegerValue());
    }
    return expected.isNumber() ? new BigDecimal(expected.doubleValue()) : null;
  }
}
