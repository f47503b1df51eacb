package dev.longspan.kernels.backend.vector;

/**
 * Working memory of one worker, kept from operation to operation.
 *
 * <p>All areas lie in one big array that starts at {@link #START}: HotSpot's default collector puts
 * arrays of more than half a region at the start of one, behind a header of 16 bytes, so index 12
 * is the first on a cache line. A vector that crosses two lines costs up to a fifth of the speed.
 * Where the array lies elsewhere nothing breaks.
 */
final class Scratch {
  /** First index to use: 64 bytes behind the start of the object. */
  static final int START = 12;

  private static final int SMALLEST = 2 << 20;

  private float[] memory = new float[0];
  private int[] from = new int[512];
  private int[] to = new int[512];

  /** Returns at least {@code floats} elements from {@link #START}, with what was left in them. */
  float[] floats(int floats) {
    if (memory.length < START + floats) {
      memory = new float[Math.max(SMALLEST, START + floats)];
    }
    return memory;
  }

  /** Returns room for where {@code rows} rows of a product's left side start. */
  int[] from(int rows) {
    if (from.length < rows) {
      from = new int[rows];
    }
    return from;
  }

  /** Returns room for where {@code rows} rows of a product start. */
  int[] to(int rows) {
    if (to.length < rows) {
      to = new int[rows];
    }
    return to;
  }
}
