package dev.longspan.kernels.backend.vector;

import dev.longspan.kernels.attention.KvView;
import dev.longspan.kernels.backend.CacheView;
import dev.longspan.kernels.backend.KvStore;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.Sequence;
import dev.longspan.kernels.model.SparseConfig;
import java.util.Arrays;
import java.util.Map;
import java.util.WeakHashMap;

/**
 * The cache in the layout that attention multiplies by: a page holds, per layer and KV head, K as a
 * panel [headDim, 64 tokens], V as panels [64 tokens, 64 dims], the fine keys as [headDim, 4] and
 * the coarse key as [headDim].
 *
 * <p>Pages are taken from the heap some megabytes at a time when they are first written, and stay:
 * a page that a sequence gives back is written over by the next.
 */
final class VectorKvStore implements KvStore {
  /** Fine windows that end in a page, at stride 16. */
  static final int FINE = 4;

  /** Tokens from one fine window to the next. */
  static final int STRIDE = PAGE / FINE;

  private static final int SLAB_FLOATS = (2 << 20) - 64;

  private final ModelConfig config;
  private final SparseConfig sparse;
  private final int pages;
  private final int keySize;
  private final int valueSize;
  private final int headSize;
  private final int layerSize;
  private final int pageSize;
  private final int pagesPerSlab;
  private final float[][] slabs;
  private final Map<Sequence, CompressedPanels> panels = new WeakHashMap<>();

  VectorKvStore(ModelConfig config, int pages) {
    this.config = config;
    this.sparse = config.sparseOrDefault();
    this.pages = pages;
    int dim = config.headDim();
    keySize = dim * PAGE;
    valueSize = valuePanels() * PAGE * Tile.WIDTH;
    int compressed = compressed() ? (FINE + 1) * dim : 0;
    // Multiples of a cache line keep every panel aligned.
    headSize = (keySize + valueSize + compressed + 15) / 16 * 16;
    layerSize = config.kvHeads() * headSize;
    pageSize = Math.multiplyExact(config.layers(), layerSize);
    pagesPerSlab = Math.max(1, SLAB_FLOATS / pageSize);
    slabs = new float[(pages + pagesPerSlab - 1) / pagesPerSlab][];
  }

  /**
   * Returns whether compressed keys are kept: for the released stride of 16. With another one they
   * are computed from K whenever a reference asks for them.
   */
  boolean compressed() {
    return sparse.kernelStride() == STRIDE;
  }

  /** Returns the sparse settings that shape the compressed keys. */
  SparseConfig sparse() {
    return sparse;
  }

  /** Returns the panels of 64 columns that V of one head takes. */
  int valuePanels() {
    return (config.headDim() + Tile.WIDTH - 1) / Tile.WIDTH;
  }

  @Override
  public int pages() {
    return pages;
  }

  /** Prepares positions {@code start} to {@code end - 1} of a layer for writing; by one thread. */
  void reserve(Sequence sequence, int layer, int start, int end) {
    CompressedPanels copies = panels.get(sequence);
    if (copies != null) {
      copies.truncate(layer, start);
    }
    for (int b = start / PAGE; b <= (end - 1) / PAGE; b++) {
      int slab = sequence.page(b) / pagesPerSlab;
      if (slabs[slab] == null) {
        int count = Math.min(pagesPerSlab, pages - slab * pagesPerSlab);
        slabs[slab] = new float[Scratch.START + count * pageSize];
      }
    }
  }

  /** Returns the sequence's compressed keys of a layer in panels, up to date; by one thread. */
  CompressedPanels panels(Sequence sequence, int layer, int tokens) {
    CompressedPanels copies = panels.computeIfAbsent(sequence, s -> new CompressedPanels(config));
    copies.gather(this, sequence, layer, tokens);
    return copies;
  }

  /** Returns the array that holds a page. */
  float[] array(int page) {
    return slabs[page / pagesPerSlab];
  }

  /** Returns where K of a page starts: [headDim, 64]. */
  int keyAt(int page, int layer, int kvHead) {
    return Scratch.START + page % pagesPerSlab * pageSize + layer * layerSize + kvHead * headSize;
  }

  /** Returns where V of a page starts: [panel, 64 tokens, 64 dims]. */
  int valueAt(int page, int layer, int kvHead) {
    return keyAt(page, layer, kvHead) + keySize;
  }

  /** Returns where the fine keys of a page start: [headDim, 4], by the window's last token. */
  int fineAt(int page, int layer, int kvHead) {
    return valueAt(page, layer, kvHead) + valueSize;
  }

  /** Returns where the coarse key of a page starts: [headDim]; its window ends with the page. */
  int coarseAt(int page, int layer, int kvHead) {
    return fineAt(page, layer, kvHead) + FINE * config.headDim();
  }

  /** Stores the keys and values of tokens of one page, taken from rows of a fused projection. */
  void put(Sequence sequence, int layer, int position, int count, float[] qkv, int row) {
    int dim = config.headDim();
    int page = sequence.page(position / PAGE);
    float[] to = array(page);
    int slot = position % PAGE;
    for (int h = 0; h < config.kvHeads(); h++) {
      int k = (config.heads() + h) * dim;
      int v = k + config.kvHeads() * dim;
      int keyAt = keyAt(page, layer, h) + slot;
      int valueAt = valueAt(page, layer, h) + slot * Tile.WIDTH;
      for (int i = 0; i < count; i++) {
        int from = (row + i) * config.qkvSize();
        for (int d = 0; d < dim; d++) {
          to[keyAt + d * PAGE + i] = qkv[from + k + d];
        }
        for (int d = 0; d < dim; d += Tile.WIDTH) {
          int n = Math.min(Tile.WIDTH, dim - d);
          int at = valueAt + d * PAGE + i * Tile.WIDTH;
          System.arraycopy(qkv, from + v + d, to, at, n);
        }
      }
    }
  }

  /** Computes the compressed keys whose windows end at {@code start} to {@code end - 1}. */
  void compress(Sequence sequence, int layer, int start, int end) {
    for (int last = start / STRIDE * STRIDE + STRIDE - 1; last < end; last += STRIDE) {
      int page = sequence.page(last / PAGE);
      boolean fine = last + 1 >= sparse.kernelSize();
      boolean coarse = last % PAGE == PAGE - 1 && last + 1 >= sparse.coarseSize();
      for (int h = 0; h < config.kvHeads(); h++) {
        float[] to = array(page);
        if (fine) {
          int at = fineAt(page, layer, h) + last % PAGE / STRIDE;
          mean(sequence, layer, h, last + 1 - sparse.kernelSize(), sparse.kernelSize(), to, at, 4);
        }
        if (coarse) {
          int at = coarseAt(page, layer, h);
          mean(sequence, layer, h, last + 1 - sparse.coarseSize(), sparse.coarseSize(), to, at, 1);
        }
      }
    }
  }

  /** Writes the mean of {@code count} keys: a sum in the order of the tokens, and one division. */
  private void mean(
      Sequence sequence,
      int layer,
      int kvHead,
      int first,
      int count,
      float[] to,
      int at,
      int step) {
    int dim = config.headDim();
    for (int d = 0; d < dim; d++) {
      to[at + d * step] = 0;
    }
    for (int t = first; t < first + count; ) {
      int page = sequence.page(t / PAGE);
      float[] keys = array(page);
      int n = Math.min(PAGE - t % PAGE, first + count - t);
      int from = keyAt(page, layer, kvHead) + t % PAGE;
      for (int d = 0; d < dim; d++) {
        float sum = to[at + d * step];
        for (int i = 0; i < n; i++) {
          sum += keys[from + d * PAGE + i];
        }
        to[at + d * step] = sum;
      }
      t += n;
    }
    for (int d = 0; d < dim; d++) {
      to[at + d * step] /= count;
    }
  }

  @Override
  public KvView view(Sequence sequence, int layer) {
    return new View(sequence, layer);
  }

  @Override
  public void close() {
    Arrays.fill(slabs, null);
    panels.clear();
  }

  private final class View extends CacheView {
    private final Sequence sequence;
    private final int layer;

    View(Sequence sequence, int layer) {
      super(config);
      this.sequence = sequence;
      this.layer = layer;
    }

    @Override
    public void key(int kvHead, int position, float[] to) {
      int page = sequence.page(position / PAGE);
      int at = keyAt(page, layer, kvHead) + position % PAGE;
      for (int d = 0; d < to.length; d++) {
        to[d] = array(page)[at + d * PAGE];
      }
    }

    @Override
    public void value(int kvHead, int position, float[] to) {
      int page = sequence.page(position / PAGE);
      int at = valueAt(page, layer, kvHead) + position % PAGE * Tile.WIDTH;
      for (int d = 0; d < to.length; d++) {
        to[d] = array(page)[at + d / Tile.WIDTH * PAGE * Tile.WIDTH + d % Tile.WIDTH];
      }
    }

    @Override
    public void fineKey(int kvHead, int window, float[] to) {
      int first = window * sparse.kernelStride();
      mean(sequence, layer, kvHead, first, sparse.kernelSize(), to, 0, 1);
    }

    @Override
    public void coarseKey(int kvHead, int window, float[] to) {
      int first = window * sparse.coarseStride();
      mean(sequence, layer, kvHead, first, sparse.coarseSize(), to, 0, 1);
    }
  }
}
