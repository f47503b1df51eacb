package dev.longspan.kernels.model;

import java.util.Arrays;

/**
 * Rotary position embedding, NeoX layout (element i pairs with i + D/2).
 *
 * <p>The angle of pair i at position t is {@code (t * (1 / factor[i])) * invFreq[i]} in float32 and
 * in this order: at 128K positions another association moves it by up to 0.01 rad.
 *
 * @param invFreq inverse frequencies, D/2 values
 * @param factor divisors per pair (LongRoPE), D/2 values; all 1 for plain RoPE
 * @param attentionScale factor on cos and sin; 1 for every released MiniCPM
 */
public record RopeConfig(float[] invFreq, float[] factor, float attentionScale) {

  /** Returns plain RoPE of base {@code theta} for heads of {@code headDim} elements. */
  public static RopeConfig plain(double theta, int headDim) {
    float[] inv = new float[headDim / 2];
    for (int i = 0; i < inv.length; i++) {
      inv[i] = (float) (1.0 / (float) Math.pow(theta, (float) (2 * i) / headDim));
    }
    float[] ones = new float[inv.length];
    Arrays.fill(ones, 1f);
    return new RopeConfig(inv, ones, 1f);
  }

  /** Returns the angle of pair {@code i} at {@code position}, in radians. */
  public float angle(int position, int i) {
    return (position * (1f / factor[i])) * invFreq[i];
  }
}
