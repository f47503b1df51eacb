package dev.longspan.kernels.backend.host;

/** A weight matrix [out, in] in the layout a backend's matmul likes best. */
public interface Weight extends AutoCloseable {
  /** Returns the output features. */
  int out();

  /** Returns the input features. */
  int in();

  @Override
  void close();
}
