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

  /** Returns the bits of the bfloat16 nearest to {@code value}, ties to even. */
  public static short bf16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) (bits >>> 16 | 0x40);
    }
    return (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
  }

  /** Returns the value of a bfloat16. */
  public static float fromBf16(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }
}
