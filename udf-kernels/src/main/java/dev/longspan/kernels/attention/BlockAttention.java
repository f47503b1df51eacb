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
    double scale = 1 / Math.sqrt(dim);
    float[] row = new float[dim];

    double[][] score = new double[group][blocks.length * blockSize];
    double[] max = new double[group];
    Arrays.fill(max, Double.NEGATIVE_INFINITY);
    int keys = 0;
    for (int block : blocks) {
      int end = Math.min((block + 1) * blockSize, position + 1);
      for (int t = block * blockSize; t < end; t++) {
        kv.key(kvHead, t, row);
        for (int g = 0; g < group; g++) {
          double s = scale * dot(q, qAt + first + g * dim, row);
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
        kv.value(kvHead, t, row);
        for (int g = 0; g < group; g++) {
          double p = Math.exp(score[g][key] - max[g]);
          total[g] += p;
          for (int d = 0; d < dim; d++) {
            sum[g][d] += p * row[d];
          }
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

  /** Returns the product of a head of {@code q} and a key; four partial sums, always the same. */
  static double dot(float[] q, int qAt, float[] key) {
    double a = 0;
    double b = 0;
    double c = 0;
    double e = 0;
    int d = 0;
    for (; d + 3 < key.length; d += 4) {
      a += (double) q[qAt + d] * key[d];
      b += (double) q[qAt + d + 1] * key[d + 1];
      c += (double) q[qAt + d + 2] * key[d + 2];
      e += (double) q[qAt + d + 3] * key[d + 3];
    }
    for (; d < key.length; d++) {
      a += (double) q[qAt + d] * key[d];
    }
    return a + b + c + e;
  }
}
