package dev.longspan.kernels.bench;

import dev.longspan.kernels.attention.AttentionMethod;
import dev.longspan.kernels.attention.InfLlmV2;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.SparseConfig;
import java.util.Locale;

/** How many floating-point operations a pass needs; a multiply-add counts as two. */
final class Arithmetic {
  private Arithmetic() {}

  /**
   * Returns the operations for positions {@code from} to {@code to - 1} of a prompt of {@code to}
   * tokens, logits not counted.
   */
  static double prefill(ModelConfig c, AttentionMethod method, int from, int to) {
    double perLayer =
        (double) c.hiddenSize() * c.qkvSize()
            + (double) c.heads() * c.headDim() * c.hiddenSize()
            + 3.0 * c.hiddenSize() * c.intermediateSize();
    double keys = 0;
    for (int p = from; p < to; p++) {
      keys += keys(method, p, to);
    }
    // Queries meet keys and weights meet values: two products for each visible key.
    double attention = 2.0 * c.heads() * c.headDim() * keys;
    return 2 * c.layers() * (perLayer * (to - from) + attention);
  }

  /** Returns operations per second with a unit that suits them. */
  static String rate(double flops) {
    return flops < 1e13
        ? String.format(Locale.ROOT, "%.0f GFLOP/s", flops * 1e-9)
        : String.format(Locale.ROOT, "%.1f TFLOP/s", flops * 1e-12);
  }

  /** Returns the keys that a token meets; a compressed key, which has no value, counts half. */
  private static double keys(AttentionMethod method, int position, int decisionLength) {
    if (method instanceof InfLlmV2 m && m.isSparse(decisionLength)) {
      SparseConfig s = m.config();
      int blocks = position / s.blockSize() + 1;
      if (blocks > s.selectedBlocks()) {
        int tail = position % s.blockSize() + 1;
        double windows = InfLlmV2.windows(position + 1, s.kernelSize(), s.kernelStride());
        if (!s.exactNormaliser()) {
          windows += InfLlmV2.windows(position + 1, s.coarseSize(), s.coarseStride());
        }
        return (s.selectedBlocks() - 1.0) * s.blockSize() + tail + windows / 2;
      }
    }
    return position + 1;
  }
}
