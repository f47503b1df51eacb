package dev.longspan.kernels.checkpoint;

/** A stored weight, row major and little endian, usually a view of a mapped file. */
public interface Tensor {
  /** Returns the name in the checkpoint, for example {@code model.norm.weight}. */
  String name();

  /** Returns the stored element type. */
  Dtype dtype();

  /** Returns the dimensions, outermost first. */
  long[] shape();

  /** Returns the number of elements. */
  default long elements() {
    long n = 1;
    for (long d : shape()) {
      n *= d;
    }
    return n;
  }

  /**
   * Reads elements as float32, whatever the stored type.
   *
   * @param first index of the first element
   * @param to where to
   * @param at first index in {@code to}
   * @param count number of elements
   */
  void read(long first, float[] to, int at, int count);

  /**
   * Reads the raw bits of bfloat16 elements.
   *
   * @throws IllegalStateException if the stored type is another
   */
  void readBf16(long first, short[] to, int at, int count);
}
