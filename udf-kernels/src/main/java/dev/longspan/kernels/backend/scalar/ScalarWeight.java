package dev.longspan.kernels.backend.scalar;

import dev.longspan.kernels.backend.host.Weight;
import dev.longspan.kernels.checkpoint.Tensor;

/** A weight matrix as it is stored, [out, in], widened to float32. */
record ScalarWeight(float[] data, int out, int in) implements Weight {

  static ScalarWeight of(Tensor... parts) {
    long in = parts[0].shape()[1];
    long out = 0;
    for (Tensor part : parts) {
      if (part.shape()[1] != in) {
        throw new IllegalArgumentException(
            part.name() + " has " + part.shape()[1] + " columns but " + parts[0].name() + " " + in);
      }
      out += part.shape()[0];
    }
    return new ScalarWeight(concatenate(parts), (int) out, (int) in);
  }

  static float[] concatenate(Tensor... parts) {
    long elements = 0;
    for (Tensor part : parts) {
      elements += part.elements();
    }
    float[] data = new float[ScalarBackend.arraySize(elements)];
    int at = 0;
    for (Tensor part : parts) {
      int n = (int) part.elements();
      part.read(0, data, at, n);
      at += n;
    }
    return data;
  }

  @Override
  public void close() {
    // the garbage collector takes it
  }
}
