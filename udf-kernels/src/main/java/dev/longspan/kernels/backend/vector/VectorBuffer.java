package dev.longspan.kernels.backend.vector;

import dev.longspan.kernels.backend.host.Buffer;

/** A float array on the heap. */
record VectorBuffer(float[] data) implements Buffer {
  static float[] of(Buffer buffer) {
    return ((VectorBuffer) buffer).data;
  }

  static float[] ofNullable(Buffer buffer) {
    return buffer == null ? null : of(buffer);
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
