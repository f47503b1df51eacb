package dev.longspan.kernels.backend.vector;

import dev.longspan.kernels.backend.KvStore;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.Step;

/** Causal attention over every page: a tile of consecutive tokens and the heads of one group. */
final class DenseKernel {
  /** Rows that share a page while it is in the first-level cache. */
  private static final int ROWS = 160;

  private DenseKernel() {}

  /** Returns the tokens of a tile. */
  static int tokens(ModelConfig config) {
    return Math.max(1, ROWS / config.groupSize());
  }

  /**
   * Attends for {@code count} tokens of a segment from its {@code first}.
   *
   * @param out [rows, heads * headDim]
   */
  static void run(
      ModelConfig config,
      float[] qkv,
      Step.Segment segment,
      int first,
      int count,
      int kvHead,
      int layer,
      VectorKvStore kv,
      RowAttention rows,
      float[] out) {
    int group = config.groupSize();
    int dim = config.headDim();
    int position = segment.start() + first;
    int row = segment.firstRow() + first;
    rows.start(count * group);
    for (int i = 0; i < count * group; i++) {
      int head = kvHead * group + i % group;
      rows.query(i, qkv, (row + i / group) * config.qkvSize() + head * dim);
    }
    int last = position + count - 1;
    for (int b = 0; b * KvStore.PAGE <= last; b++) {
      for (int t = Math.max(0, b * KvStore.PAGE - position); t < count; t++) {
        for (int g = 0; g < group; g++) {
          rows.attend(t * group + g, position + t - b * KvStore.PAGE + 1);
        }
      }
      int page = segment.sequence().page(b);
      rows.page(kv.array(page), kv.keyAt(page, layer, kvHead), kv.valueAt(page, layer, kvHead));
    }
    int outSize = config.heads() * dim;
    for (int i = 0; i < count * group; i++) {
      int head = kvHead * group + i % group;
      rows.result(i, out, (row + i / group) * outSize + head * dim);
    }
  }
}
