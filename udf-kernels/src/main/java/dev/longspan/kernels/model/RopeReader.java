package dev.longspan.kernels.model;

import java.util.Arrays;
import java.util.List;

/**
 * Reads the rotary embedding from {@code rope_theta} and {@code rope_scaling}, or from the newer
 * {@code rope_parameters}, which holds both.
 *
 * <p>Types: none ({@code default}), {@code linear}, {@code llama3}, {@code longrope}. The formulas
 * are those of Hugging Face's transformers.
 */
final class RopeReader {
  private static final List<String> TYPES =
      List.of("default", "linear", "llama3", "longrope", "su");

  private RopeReader() {}

  static RopeConfig read(ConfigFields config, int headDim, int maxPositions) {
    ConfigFields rope = config;
    double theta = config.positiveNumber("rope_theta", 10_000);
    if (config.has("rope_parameters")) {
      rope = config.child("rope_parameters");
      theta = rope.positiveNumber("rope_theta", theta);
    } else if (config.has("rope_scaling")) {
      rope = config.child("rope_scaling");
    }
    if (config.positiveNumber("partial_rotary_factor", 1) != 1
        || rope.positiveNumber("partial_rotary_factor", 1) != 1) {
      throw rope.bad("partial_rotary_factor", "is not 1: only whole heads can be rotated");
    }
    RopeConfig plain = RopeConfig.plain(theta, headDim);
    if (rope == config) {
      return plain;
    }
    // "type" is the older name of "rope_type".
    String type = rope.oneOf(rope.has("rope_type") ? "rope_type" : "type", TYPES);
    return switch (type) {
      case "linear" -> linear(rope, plain);
      case "llama3" -> llama3(rope, plain);
      case "longrope", "su" -> longRope(config, rope, plain, maxPositions);
      default -> plain;
    };
  }

  private static RopeConfig linear(ConfigFields rope, RopeConfig plain) {
    float factor = (float) rope.positiveNumber("factor");
    float[] inv = plain.invFreq().clone();
    for (int i = 0; i < inv.length; i++) {
      inv[i] /= factor;
    }
    return new RopeConfig(inv, plain.factor(), 1f);
  }

  /** Long wavelengths are stretched by the factor, short ones kept, those between are blended. */
  private static RopeConfig llama3(ConfigFields rope, RopeConfig plain) {
    double factor = rope.positiveNumber("factor");
    double low = rope.positiveNumber("low_freq_factor");
    double high = rope.positiveNumber("high_freq_factor");
    double original = rope.positive("original_max_position_embeddings");
    if (high <= low) {
      throw rope.bad(
          "high_freq_factor", "is " + high + ", expected more than low_freq_factor, " + low);
    }
    float[] inv = plain.invFreq().clone();
    for (int i = 0; i < inv.length; i++) {
      double turns = original * inv[i] / (2 * Math.PI);
      double keep = Math.min(1, Math.max(0, (turns - low) / (high - low)));
      inv[i] = (float) ((1 - keep) * inv[i] / factor + keep * inv[i]);
    }
    return new RopeConfig(inv, plain.factor(), 1f);
  }

  /**
   * LongRoPE: a divisor for each pair.
   *
   * <p>Where the two lists differ, the choice is made once per model, not by the length of a
   * sequence, so that cached keys never change: the long list if max_position_embeddings exceeds
   * the original length, otherwise the short one.
   */
  private static RopeConfig longRope(
      ConfigFields config, ConfigFields rope, RopeConfig plain, int maxPositions) {
    for (String key : List.of("short_mscale", "long_mscale")) {
      if (rope.has(key)) {
        throw rope.bad(key, "is not supported: the scale of cos and sin is one for all lengths");
      }
    }
    int pairs = plain.invFreq().length;
    float[] shortList = rope.positiveNumbers("short_factor", pairs);
    float[] longList = rope.positiveNumbers("long_factor", pairs);
    String key = "original_max_position_embeddings";
    int original = rope.positive(key, config.positive(key, maxPositions));
    if (original < 2) {
      throw rope.bad(key, "is " + original + ", expected at least 2");
    }
    double stretch = (double) maxPositions / original;
    float[] factor = stretch > 1 || Arrays.equals(shortList, longList) ? longList : shortList;
    double scale = stretch > 1 ? Math.sqrt(1 + Math.log(stretch) / Math.log(original)) : 1;
    return new RopeConfig(
        plain.invFreq(), factor, (float) rope.positiveNumber("attention_factor", scale));
  }
}
