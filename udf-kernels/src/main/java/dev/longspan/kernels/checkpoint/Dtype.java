package dev.longspan.kernels.checkpoint;

/** Element types of stored weights. */
public enum Dtype {
  /** bfloat16: the upper half of a float32. */
  BF16(2),
  /** IEEE half precision. */
  F16(2),
  /** IEEE single precision. */
  F32(4);

  private final int bytes;

  Dtype(int bytes) {
    this.bytes = bytes;
  }

  /** Returns the size of one element in bytes. */
  public int bytes() {
    return bytes;
  }
}
