package dev.longspan.kernels.attention;

import dev.longspan.kernels.model.SparseConfig;
import java.util.Random;

/** Keys and values in arrays [token][KV head][headDim]; compressed keys are taken afresh. */
final class ArrayKv implements KvView {
  final float[][][] keys;
  final float[][][] values;
  private final int heads;
  private final SparseConfig sparse;

  ArrayKv(int tokens, int heads, int kvHeads, int dim, SparseConfig sparse, long seed) {
    this.heads = heads;
    this.sparse = sparse;
    keys = new float[tokens][kvHeads][dim];
    values = new float[tokens][kvHeads][dim];
    Random random = new Random(seed);
    for (int t = 0; t < tokens; t++) {
      for (int h = 0; h < kvHeads; h++) {
        for (int d = 0; d < dim; d++) {
          keys[t][h][d] = (float) random.nextGaussian();
          values[t][h][d] = (float) random.nextGaussian();
        }
      }
    }
  }

  @Override
  public int heads() {
    return heads;
  }

  @Override
  public int kvHeads() {
    return keys[0].length;
  }

  @Override
  public int headDim() {
    return keys[0][0].length;
  }

  @Override
  public void key(int kvHead, int position, float[] to) {
    System.arraycopy(keys[position][kvHead], 0, to, 0, to.length);
  }

  @Override
  public void value(int kvHead, int position, float[] to) {
    System.arraycopy(values[position][kvHead], 0, to, 0, to.length);
  }

  @Override
  public void fineKey(int kvHead, int window, float[] to) {
    mean(kvHead, window * sparse.kernelStride(), sparse.kernelSize(), to);
  }

  @Override
  public void coarseKey(int kvHead, int window, float[] to) {
    mean(kvHead, 4 * window * sparse.kernelStride(), 4 * sparse.kernelSize(), to);
  }

  private void mean(int kvHead, int first, int count, float[] to) {
    for (int d = 0; d < to.length; d++) {
      double sum = 0;
      for (int t = first; t < first + count; t++) {
        sum += keys[t][kvHead][d];
      }
      to[d] = (float) (sum / count);
    }
  }
}
