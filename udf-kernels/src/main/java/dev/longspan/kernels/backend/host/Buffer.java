package dev.longspan.kernels.backend.host;

/** Activations on a backend's device, row major; what is inside is the backend's own business. */
public interface Buffer extends AutoCloseable {
  /** Returns the capacity in elements. */
  long elements();

  /** Copies the first {@code count} elements to the host. */
  void copyTo(float[] to, int count);

  /** Copies {@code count} elements from the host to the start. */
  void copyFrom(float[] from, int count);

  @Override
  void close();
}
