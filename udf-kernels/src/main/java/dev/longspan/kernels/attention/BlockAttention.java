package dev.longspan.kernels.attention;

import java.util.Arrays;

/**
 * Causal softmax attention of one token over a list of key blocks.
 *
 * <p>Dense and sparse attention both come here, so that a selection of every block gives dense
 * attention bit for bit.
 */
final class BlockAttention {
  private BlockAttention() {}

  /**
   * Attends with all query heads of one KV head.
   *
   * @param blocks blocks to attend to, ascending
   * @param blockSize tokens in a block; the block of {@code position} ends with that token
   */
  static void attend(
      float[] q,
      int qAt,
      int position,
      int kvHead,
      int[] blocks,
      int blockSize,
      KvView kv,
      float[] out,
      int outAt) {
    int dim = kv.headDim();
    int group = kv.heads() / kv.kvHeads();
    int first = kvHead * group * dim;
    double[][] query = heads(q, qAt + first, group, dim);
    double scale = 1 / Math.sqrt(dim);
    float[] stored = new float[dim];
    double[] row = new double[dim];

    double[][] score = new double[group][blocks.length * blockSize];
    double[] max = new double[group];
    Arrays.fill(max, Double.NEGATIVE_INFINITY);
    int keys = 0;
    for (int block : blocks) {
      int end = Math.min((block + 1) * blockSize, position + 1);
      for (int t = block * blockSize; t < end; t++) {
        kv.key(kvHead, t, stored);
        widen(stored, row);
        for (int g = 0; g < group; g++) {
          double s = scale * dot(query[g], row);
          score[g][keys] = s;
          max[g] = Math.max(max[g], s);
        }
        keys++;
      }
    }

    double[][] sum = new double[group][dim];
    double[] total = new double[group];
    int key = 0;
    for (int block : blocks) {
      int end = Math.min((block + 1) * blockSize, position + 1);
      for (int t = block * blockSize; t < end; t++) {
        kv.value(kvHead, t, stored);
        widen(stored, row);
        for (int g = 0; g < group; g++) {
          double p = Math.exp(score[g][key] - max[g]);
          total[g] += p;
          addScaled(p, row, sum[g]);
        }
        key++;
      }
    }
    for (int g = 0; g < group; g++) {
      for (int d = 0; d < dim; d++) {
        out[outAt + first + g * dim + d] = (float) (sum[g][d] / total[g]);
      }
    }
  }

  /** Returns {@code count} heads of {@code dim} elements, widened. */
  static double[][] heads(float[] q, int at, int count, int dim) {
    double[][] heads = new double[count][dim];
    for (int i = 0; i < count * dim; i++) {
      heads[i / dim][i % dim] = q[at + i];
    }
    return heads;
  }

  static void widen(float[] from, double[] to) {
    for (int i = 0; i < to.length; i++) {
      to[i] = from[i];
    }
  }

  private static void addScaled(double factor, double[] row, double[] sum) {
    for (int i = 0; i < sum.length; i++) {
      sum[i] += factor * row[i];
    }
  }

  /** Returns the dot product: four partial sums, which do not wait for each other. */
  static double dot(double[] a, double[] b) {
    double s0 = 0;
    double s1 = 0;
    double s2 = 0;
    double s3 = 0;
    int i = 0;
    for (; i + 3 < a.length; i += 4) {
      s0 += a[i] * b[i];
      s1 += a[i + 1] * b[i + 1];
      s2 += a[i + 2] * b[i + 2];
      s3 += a[i + 3] * b[i + 3];
    }
    for (; i < a.length; i++) {
      s0 += a[i] * b[i];
    }
    return s0 + s1 + s2 + s3;
  }
}
