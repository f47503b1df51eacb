package dev.longspan.kernels.backend.scalar;

import dev.longspan.kernels.backend.host.Buffer;

/** A float array. */
record ScalarBuffer(float[] data) implements Buffer {
  static float[] of(Buffer buffer) {
    return ((ScalarBuffer) buffer).data;
  }

  @Override
  public long elements() {
    return data.length;
  }

  @Override
  public void copyTo(float[] to, int count) {
    System.arraycopy(data, 0, to, 0, count);
  }

  @Override
  public void copyFrom(float[] from, int count) {
    System.arraycopy(from, 0, data, 0, count);
  }

  @Override
  public void close() {
    // the garbage collector takes it
  }
}
