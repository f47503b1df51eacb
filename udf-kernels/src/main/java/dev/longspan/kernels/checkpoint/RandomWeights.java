package dev.longspan.kernels.checkpoint;

/**
 * Weights drawn at random: any name and shape, the same numbers for the same seed and name.
 *
 * <p>Matrices are uniform with standard deviation {@code 1 / sqrt(columns)}, embeddings 0.05, norm
 * weights scatter around 1 and biases around 0, each by 0.1; so activations keep their size from
 * layer to layer. For tests and benches.
 */
public final class RandomWeights implements WeightSource {
  private final long seed;
  private final Dtype dtype;

  /** Creates a source of weights stored as {@code dtype}, with values that it can represent. */
  public RandomWeights(long seed, Dtype dtype) {
    this.seed = seed;
    this.dtype = dtype;
  }

  @Override
  public boolean has(String name) {
    return true;
  }

  @Override
  public Tensor tensor(String name, long... shape) {
    float mean = name.endsWith("norm.weight") ? 1f : 0f;
    double deviation = 0.1;
    if (shape.length > 1) {
      deviation = name.contains("embed") ? 0.05 : 1 / Math.sqrt(shape[shape.length - 1]);
    }
    return new RandomTensor(name, dtype, shape.clone(), mix(seed, name), mean, deviation);
  }

  private static long mix(long seed, String name) {
    long h = seed;
    for (int i = 0; i < name.length(); i++) {
      h = scramble(h + name.charAt(i));
    }
    return h;
  }

  /** The output function of SplitMix64 (Steele, Lea, Flood 2014). */
  private static long scramble(long value) {
    long z = value + 0x9e3779b97f4a7c15L;
    z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
    z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
    return z ^ z >>> 31;
  }

  /**
   * A tensor of random numbers: element i is {@code mean + deviation sqrt(12) (u - 1/2)}, rounded
   * to the type, where u is the uniform number that SplitMix64 makes of {@code seed + i}.
   *
   * @param name of the tensor
   * @param dtype whose values the elements have
   * @param shape dimensions
   * @param seed of the tensor
   * @param mean of the elements
   * @param deviation standard deviation of the elements
   */
  public record RandomTensor(
      String name, Dtype dtype, long[] shape, long seed, float mean, double deviation)
      implements Tensor {

    @Override
    public void read(long first, float[] to, int at, int count) {
      for (int i = 0; i < count; i++) {
        to[at + i] = value(first + i);
      }
    }

    @Override
    public void readBf16(long first, short[] to, int at, int count) {
      if (dtype != Dtype.BF16) {
        throw new IllegalStateException("tensor " + name + " is " + dtype + ", not BF16");
      }
      for (int i = 0; i < count; i++) {
        to[at + i] = Dtype.bf16(value(first + i));
      }
    }

    private float value(long index) {
      double unit = (scramble(seed + index) >>> 11) * 0x1.0p-53;
      float v = (float) (mean + deviation * Math.sqrt(12) * (unit - 0.5));
      return switch (dtype) {
        case BF16 -> Dtype.fromBf16(Dtype.bf16(v));
        case F16 -> half(v);
        case F32 -> v;
      };
    }

    /** Rounds to the nearest half precision value: 11 significant bits, none below 2^-24. */
    private static float half(float v) {
      double step = Math.max(0x1p-24, Math.ulp(v) * (double) (1 << 13));
      return (float) (Math.rint(v / step) * step);
    }
  }
}
