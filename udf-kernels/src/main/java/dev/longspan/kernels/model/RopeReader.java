package dev.longspan.kernels.model;

import java.util.Arrays;
import java.util.List;

/**
 * Reads the rotary embedding from {@code rope_theta} and {@code rope_scaling}, or from the newer
 * {@code rope_parameters}, which holds both.
 *
 * <p>Types: none ({@code default}), {@code linear}, {@code llama3}, {@code yarn} (Peng et al.,
 * arXiv:2309.00071), {@code longrope} (Ding et al., arXiv:2402.13753). The formulas are those of
 * Hugging Face's transformers.
 */
final class RopeReader {
  private static final List<String> TYPES =
      List.of("default", "linear", "llama3", "yarn", "longrope", "su");
  private static final String ORIGINAL = "original_max_position_embeddings";

  private RopeReader() {}

  /**
   * Returns the longest context in tokens.
   *
   * <p>YaRN is switched on by adding {@code rope_scaling} alone, so there it may reach beyond
   * {@code max_position_embeddings}.
   */
  static int maxPositions(ConfigFields config) {
    int positions = config.positive("max_position_embeddings");
    ConfigFields rope = scaling(config);
    if (type(rope, config).equals("yarn") && rope.has(ORIGINAL)) {
      double reach = rope.positive(ORIGINAL) * rope.positiveNumber("factor");
      return (int) Math.min(Integer.MAX_VALUE, Math.max(positions, reach));
    }
    return positions;
  }

  /** Returns the object with the scaling, or the whole configuration if there is none. */
  private static ConfigFields scaling(ConfigFields config) {
    return config.has("rope_parameters")
        ? config.child("rope_parameters")
        : config.has("rope_scaling") ? config.child("rope_scaling") : config;
  }

  private static String type(ConfigFields rope, ConfigFields config) {
    // "type" is the older name of "rope_type".
    return rope == config
        ? "default"
        : rope.oneOf(rope.has("rope_type") ? "rope_type" : "type", TYPES);
  }

  static RopeConfig read(ConfigFields config, int headDim) {
    ConfigFields rope = scaling(config);
    double theta = rope.positiveNumber("rope_theta", config.positiveNumber("rope_theta", 10_000));
    if (config.positiveNumber("partial_rotary_factor", 1) != 1
        || rope.positiveNumber("partial_rotary_factor", 1) != 1) {
      throw rope.bad("partial_rotary_factor", "is not 1: only whole heads can be rotated");
    }
    RopeConfig plain = RopeConfig.plain(theta, headDim);
    return switch (type(rope, config)) {
      case "linear" -> linear(rope, plain);
      case "llama3" -> llama3(rope, plain);
      case "yarn" -> yarn(config, rope, plain, theta);
      case "longrope", "su" -> longRope(config, rope, plain);
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
    double original = rope.positive(ORIGINAL);
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

  /** Pairs that turn often are kept, those that turn rarely are stretched, others blended. */
  private static RopeConfig yarn(
      ConfigFields config, ConfigFields rope, RopeConfig plain, double theta) {
    double factor = rope.positiveNumber("factor");
    double original = rope.positive(ORIGINAL, config.positive("max_position_embeddings"));
    int headDim = 2 * plain.invFreq().length;
    double low = pairWith(rope.positiveNumber("beta_fast", 32), original, headDim, theta);
    double high = pairWith(rope.positiveNumber("beta_slow", 1), original, headDim, theta);
    if (rope.flag("truncate", true)) {
      low = Math.floor(low);
      high = Math.ceil(high);
    }
    low = Math.max(low, 0);
    high = Math.min(high, headDim - 1);
    float[] inv = plain.invFreq().clone();
    for (int i = 0; i < inv.length; i++) {
      double stretched = Math.min(1, Math.max(0, (i - low) / Math.max(high - low, 0.001)));
      inv[i] = (float) (stretched * inv[i] / factor + (1 - stretched) * inv[i]);
    }
    double scale =
        rope.has("mscale") && rope.has("mscale_all_dim")
            ? magnitude(factor, rope.positiveNumber("mscale"))
                / magnitude(factor, rope.positiveNumber("mscale_all_dim"))
            : magnitude(factor, 1);
    return new RopeConfig(
        inv, plain.factor(), (float) rope.positiveNumber("attention_factor", scale));
  }

  /** Returns the (fractional) pair that makes {@code turns} turns within the original length. */
  private static double pairWith(double turns, double original, int headDim, double theta) {
    return headDim * Math.log(original / (turns * 2 * Math.PI)) / (2 * Math.log(theta));
  }

  private static double magnitude(double factor, double mscale) {
    return factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1;
  }

  /**
   * LongRoPE: a divisor for each pair.
   *
   * <p>Where the two lists differ, the choice is made once per model, not by the length of a
   * sequence, so that cached keys never change: the long list if max_position_embeddings exceeds
   * the original length, otherwise the short one.
   */
  private static RopeConfig longRope(ConfigFields config, ConfigFields rope, RopeConfig plain) {
    for (String key : List.of("short_mscale", "long_mscale")) {
      if (rope.has(key)) {
        throw rope.bad(key, "is not supported: the scale of cos and sin is one for all lengths");
      }
    }
    int pairs = plain.invFreq().length;
    float[] shortList = rope.positiveNumbers("short_factor", pairs);
    float[] longList = rope.positiveNumbers("long_factor", pairs);
    int maxPositions = config.positive("max_position_embeddings");
    int original = rope.positive(ORIGINAL, config.positive(ORIGINAL, maxPositions));
    if (original < 2) {
      throw rope.bad(ORIGINAL, "is " + original + ", expected at least 2");
    }
    double stretch = (double) maxPositions / original;
    float[] factor = stretch > 1 || Arrays.equals(shortList, longList) ? longList : shortList;
    double scale = stretch > 1 ? Math.sqrt(1 + Math.log(stretch) / Math.log(original)) : 1;
    return new RopeConfig(
        plain.invFreq(), factor, (float) rope.positiveNumber("attention_factor", scale));
  }
}
