package dev.longspan.kernels.checkpoint;

import java.nio.ByteBuffer;

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

  /**
   * Copies elements as they are stored, for devices that convert them by themselves.
   *
   * @param first index of the first element
   * @param to gets {@code count} elements from its position on, in little endian
   * @param count number of elements
   * @throws IllegalStateException if they are F16 and the tensor does not have them as bytes
   */
  default void copyTo(long first, ByteBuffer to, int count) {
    switch (dtype()) {
      case BF16 -> {
        short[] bits = new short[count];
        readBf16(first, bits, 0, count);
        to.asShortBuffer().put(bits);
      }
      case F32 -> {
        float[] values = new float[count];
        read(first, values, 0, count);
        to.asFloatBuffer().put(values);
      }
      default -> throw new IllegalStateException("tensor " + name() + " cannot be copied as F16");
    }
    to.position(to.position() + count * dtype().bytes());
  }
}
