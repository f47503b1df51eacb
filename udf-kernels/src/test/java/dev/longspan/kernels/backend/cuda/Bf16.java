package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.checkpoint.Dtype;
import java.util.Random;

/** Numbers that bf16 holds, on the host. */
final class Bf16 {
  private Bf16() {}

  /** Returns normal numbers that bf16 holds. */
  static float[] random(int n, double scale, long seed) {
    Random random = new Random(seed);
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = Dtype.fromBf16(Dtype.bf16((float) (scale * random.nextGaussian())));
    }
    return values;
  }

  /** Returns the bits of values, rounded to bf16. */
  static short[] bits(float[] values) {
    short[] bits = new short[values.length];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = Dtype.bf16(values[i]);
    }
    return bits;
  }

  /** Returns the values of bits. */
  static float[] values(short[] bits) {
    float[] values = new float[bits.length];
    for (int i = 0; i < bits.length; i++) {
      values[i] = Dtype.fromBf16(bits[i]);
    }
    return values;
  }

  /** Returns |got - want| / |want|, or NaN if anything is not a number. */
  static double relativeError(double[] want, float[] got) {
    double difference = 0;
    double size = 0;
    for (int i = 0; i < want.length; i++) {
      difference += (got[i] - want[i]) * (got[i] - want[i]);
      size += want[i] * want[i];
    }
    return Math.sqrt(difference / size);
  }
}
