package dev.longspan.kernels.model;

import com.fasterxml.jackson.databind.JsonNode;
import dev.longspan.kernels.checkpoint.CheckpointException;
import java.util.List;

/**
 * The fields of one object of config.json, read with their types; null counts as absent.
 *
 * @param where names the object in messages
 * @param node the object
 */
record ConfigFields(String where, JsonNode node) {

  boolean has(String key) {
    return node.hasNonNull(key);
  }

  /** Returns the value of {@code key} as JSON text, for messages and rare checks. */
  String text(String key) {
    return node.path(key).toString();
  }

  int positive(String key) {
    return integer(key, need(key), 1);
  }

  int positive(String key, int byDefault) {
    return has(key) ? integer(key, node.get(key), 1) : byDefault;
  }

  int atLeast(int least, String key, int byDefault) {
    return has(key) ? integer(key, node.get(key), least) : byDefault;
  }

  double positiveNumber(String key) {
    return number(key, need(key));
  }

  double positiveNumber(String key, double byDefault) {
    return has(key) ? number(key, node.get(key)) : byDefault;
  }

  boolean flag(String key, boolean byDefault) {
    if (has(key) && !node.get(key).isBoolean()) {
      throw bad(key, "is " + text(key) + ", expected true or false");
    }
    return has(key) ? node.get(key).booleanValue() : byDefault;
  }

  /** Returns one of {@code allowed}; absent is the first of them. */
  String oneOf(String key, List<String> allowed) {
    if (!has(key)) {
      return allowed.get(0);
    }
    String value = node.get(key).asText();
    if (!node.get(key).isTextual() || !allowed.contains(value)) {
      throw bad(key, "is " + text(key) + ", expected one of " + String.join(", ", allowed));
    }
    return value;
  }

  float[] positiveNumbers(String key, int count) {
    JsonNode list = need(key);
    if (!list.isArray() || list.size() != count) {
      throw bad(
          key,
          list.isArray()
              ? "has " + list.size() + " values, expected " + count + ": half of head_dim"
              : "is " + list + ", expected a list of " + count + " numbers");
    }
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) number(key, list.get(i));
    }
    return values;
  }

  ConfigFields child(String key) {
    if (!node.get(key).isObject()) {
      throw bad(key, "is " + text(key) + ", expected an object");
    }
    return new ConfigFields(where + ": " + key, node.get(key));
  }

  CheckpointException bad(String key, String why) {
    return new CheckpointException(where + ": " + key + " " + why);
  }

  private JsonNode need(String key) {
    if (!has(key)) {
      throw bad(key, "is missing; fetch the model's own config.json");
    }
    return node.get(key);
  }

  private int integer(String key, JsonNode value, int least) {
    if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < least) {
      throw bad(key, "is " + value + ", expected an integer from " + least + " up");
    }
    return value.intValue();
  }

  private double number(String key, JsonNode value) {
    if (!value.isNumber() || !(value.doubleValue() > 0) || Double.isInfinite(value.doubleValue())) {
      throw bad(key, "is or holds " + value + ", expected a positive number");
    }
    return value.doubleValue();
  }
}
