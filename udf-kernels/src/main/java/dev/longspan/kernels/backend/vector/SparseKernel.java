package dev.longspan.kernels.backend.vector;

import dev.longspan.kernels.attention.InfLlmV2;
import dev.longspan.kernels.attention.KvView;
import dev.longspan.kernels.backend.KvStore;
import dev.longspan.kernels.backend.SelectionListener;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.SparseConfig;
import dev.longspan.kernels.model.Step;
import java.util.Arrays;

/**
 * InfLLM-V2 for a tile of consecutive tokens and the heads of one group.
 *
 * <p>First every token selects its blocks; then the tile goes through the blocks in ascending order
 * and each block's keys and values are used for all tokens that selected it. So no work is spent on
 * what is not selected, a page is read once per tile, and each row sees its blocks in the same
 * order as in dense attention.
 */
final class SparseKernel {
  private static final int ROWS = 512;

  private final RowAttention rows;
  private final BlockSelector selector;
  private int[] selected = new int[0];
  private int[] counts = new int[0];
  private int[] starts = new int[0];
  private int[] tokens = new int[0];
  private int[] from = new int[0];

  SparseKernel(RowAttention rows, int dim) {
    this.rows = rows;
    selector = new BlockSelector(dim);
  }

  /** Returns the most tokens of a tile. */
  static int tokens(ModelConfig config) {
    return Math.max(1, ROWS / config.groupSize());
  }

  /**
   * Attends for {@code count} tokens of a segment from its {@code first}.
   *
   * @param keys the sequence's compressed keys; null to select by the method's plain reference
   * @param listener hears the selection; may be null
   * @param out [rows, heads * headDim]
   */
  void run(
      ModelConfig config,
      InfLlmV2 method,
      float[] qkv,
      Step.Segment segment,
      int first,
      int count,
      int kvHead,
      int layer,
      VectorKvStore kv,
      CompressedPanels keys,
      SelectionListener listener,
      float[] out) {
    int group = config.groupSize();
    int dim = config.headDim();
    int position = segment.start() + first;
    int row = segment.firstRow() + first;
    int blocks = (position + count - 1) / KvStore.PAGE + 1;
    int most = Math.min(method.config().selectedBlocks(), blocks);
    reserve(count, group, most, blocks);
    for (int i = 0; i < count * group; i++) {
      int head = kvHead * group + i % group;
      from[i] = (row + i / group) * config.qkvSize() + head * dim;
    }
    if (keys != null) {
      select(qkv, position, count, group, most, method.config(), keys, layer, kvHead);
    } else {
      KvView view = kv.view(segment.sequence(), layer);
      for (int t = 0; t < count; t++) {
        int at = (row + t) * config.qkvSize();
        int[] blocksOf = method.select(qkv, at, position + t, kvHead, view);
        counts[t] = blocksOf.length;
        System.arraycopy(blocksOf, 0, selected, t * most, blocksOf.length);
      }
    }
    if (listener != null) {
      for (int t = 0; t < count; t++) {
        int[] copy = Arrays.copyOfRange(selected, t * most, t * most + counts[t]);
        listener.selected(segment.sequence(), layer, position + t, kvHead, copy);
      }
    }
    byBlock(count, most, blocks);

    rows.start(count * group);
    for (int i = 0; i < count * group; i++) {
      rows.query(i, qkv, from[i]);
    }
    for (int b = 0; b < blocks; b++) {
      if (starts[b] == starts[b + 1]) {
        continue;
      }
      for (int i = starts[b]; i < starts[b + 1]; i++) {
        int t = tokens[i];
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

  private void reserve(int count, int group, int most, int blocks) {
    if (selected.length < count * most) {
      selected = new int[count * most];
      tokens = new int[count * most];
    }
    if (counts.length < count) {
      counts = new int[count];
    }
    if (from.length < count * group) {
      from = new int[count * group];
    }
    if (starts.length < blocks + 2) {
      starts = new int[2 * blocks + 2];
    }
  }

  private void select(
      float[] qkv,
      int position,
      int count,
      int group,
      int most,
      SparseConfig sparse,
      CompressedPanels keys,
      int layer,
      int kvHead) {
    int step = BlockSelector.tokens(group);
    int[] rowsFrom = new int[step * group];
    for (int t = 0; t < count; t += step) {
      int n = Math.min(step, count - t);
      int last = position + t + n - 1;
      // Where every block is selected there is nothing to score.
      if (last / KvStore.PAGE + 1 > sparse.selectedBlocks()) {
        System.arraycopy(from, t * group, rowsFrom, 0, n * group);
        selector.score(qkv, rowsFrom, n * group, last, sparse, keys, layer, kvHead);
      }
      for (int i = 0; i < n; i++) {
        int at = (t + i) * most;
        counts[t + i] = selector.select(i * group, group, position + t + i, sparse, selected, at);
      }
    }
  }

  /** Turns the blocks of each token into the tokens of each block, both ascending. */
  private void byBlock(int count, int most, int blocks) {
    Arrays.fill(starts, 0, blocks + 2, 0);
    for (int t = 0; t < count; t++) {
      for (int i = 0; i < counts[t]; i++) {
        starts[selected[t * most + i] + 2]++;
      }
    }
    for (int b = 0; b < blocks; b++) {
      starts[b + 2] += starts[b + 1];
    }
    for (int t = 0; t < count; t++) {
      for (int i = 0; i < counts[t]; i++) {
        tokens[starts[selected[t * most + i] + 1]++] = t;
      }
    }
  }
}
