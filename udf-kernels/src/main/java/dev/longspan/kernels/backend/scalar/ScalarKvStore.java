package dev.longspan.kernels.backend.scalar;

import dev.longspan.kernels.attention.KvView;
import dev.longspan.kernels.backend.CacheView;
import dev.longspan.kernels.backend.KvStore;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.Sequence;
import dev.longspan.kernels.model.SparseConfig;

/**
 * Pages as float arrays, each allocated when it is first written.
 *
 * <p>A page of one layer holds [K, V, k1, k2], each as [slot, KV head, headDim]. K and V have a
 * slot per token; a compressed key has the slot of its window's last token divided by the stride,
 * which no other window of its level shares.
 */
final class ScalarKvStore implements KvStore {
  private final ModelConfig config;
  private final SparseConfig sparse;
  private final int pages;
  private final float[][][] data;
  private final int token;
  private final int valueAt;
  private final int fineAt;
  private final int coarseAt;
  private final int size;

  ScalarKvStore(ModelConfig config, int pages) {
    this.config = config;
    this.sparse = config.sparseOrDefault();
    this.pages = pages;
    data = new float[config.layers()][pages][];
    token = config.kvHeads() * config.headDim();
    valueAt = PAGE * token;
    fineAt = 2 * valueAt;
    coarseAt = fineAt + slots(sparse.kernelStride()) * token;
    size = coarseAt + slots(sparse.coarseStride()) * token;
  }

  private static int slots(int stride) {
    return (PAGE + stride - 1) / stride;
  }

  @Override
  public int pages() {
    return pages;
  }

  @Override
  public KvView view(Sequence sequence, int layer) {
    return new View(sequence, layer);
  }

  /** Stores one token's key and value, each [KV heads, headDim], and the windows that end there. */
  void put(Sequence sequence, int layer, int position, float[] k, int kAt, float[] v, int vAt) {
    int page = sequence.page(position / PAGE);
    if (data[layer][page] == null) {
      data[layer][page] = new float[size];
    }
    int slot = position % PAGE * token;
    System.arraycopy(k, kAt, data[layer][page], slot, token);
    System.arraycopy(v, vAt, data[layer][page], valueAt + slot, token);
    pool(sequence, layer, position, sparse.kernelSize(), sparse.kernelStride(), fineAt);
    pool(sequence, layer, position, sparse.coarseSize(), sparse.coarseStride(), coarseAt);
  }

  private void pool(Sequence sequence, int layer, int last, int window, int stride, int at) {
    if (last + 1 < window || (last + 1) % stride != 0) {
      return;
    }
    double[] sum = new double[token];
    for (int t = last + 1 - window; t <= last; t++) {
      float[] page = data[layer][sequence.page(t / PAGE)];
      int slot = t % PAGE * token;
      for (int i = 0; i < token; i++) {
        sum[i] += page[slot + i];
      }
    }
    float[] page = data[layer][sequence.page(last / PAGE)];
    int slot = at + last % PAGE / stride * token;
    for (int i = 0; i < token; i++) {
      page[slot + i] = (float) (sum[i] / window);
    }
  }

  @Override
  public void close() {
    // the garbage collector takes it
  }

  private final class View extends CacheView {
    private final Sequence sequence;
    private final float[][] layer;

    View(Sequence sequence, int layer) {
      super(config);
      this.sequence = sequence;
      this.layer = data[layer];
    }

    @Override
    public void key(int kvHead, int position, float[] to) {
      read(0, position, position % PAGE, kvHead, to);
    }

    @Override
    public void value(int kvHead, int position, float[] to) {
      read(valueAt, position, position % PAGE, kvHead, to);
    }

    @Override
    public void fineKey(int kvHead, int window, float[] to) {
      int stride = sparse.kernelStride();
      int last = window * stride + sparse.kernelSize() - 1;
      read(fineAt, last, last % PAGE / stride, kvHead, to);
    }

    @Override
    public void coarseKey(int kvHead, int window, float[] to) {
      int stride = sparse.coarseStride();
      int last = window * stride + sparse.coarseSize() - 1;
      read(coarseAt, last, last % PAGE / stride, kvHead, to);
    }

    private void read(int at, int position, int slot, int kvHead, float[] to) {
      float[] page = layer[sequence.page(position / PAGE)];
      System.arraycopy(page, at + slot * token + kvHead * to.length, to, 0, to.length);
    }
  }
}
