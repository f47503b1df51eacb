package dev.longspan.kernels.attention;

import java.util.stream.IntStream;

/** Causal attention over every key: the baseline. */
public final class DenseAttention implements AttentionMethod {
  /** The name on the command line. */
  private static final String NAME = "dense";

  private static final int BLOCK = 64;

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String describe() {
    return NAME;
  }

  @Override
  public String cacheKey(int promptLength) {
    return NAME;
  }

  @Override
  public void attend(
      float[] q, int qAt, int position, int decisionLength, KvView kv, float[] out, int outAt) {
    all(q, qAt, position, BLOCK, kv, out, outAt);
  }

  /** Attends to every block up to the token's own. */
  static void all(
      float[] q, int qAt, int position, int blockSize, KvView kv, float[] out, int outAt) {
    int[] blocks = IntStream.rangeClosed(0, position / blockSize).toArray();
    for (int h = 0; h < kv.kvHeads(); h++) {
      BlockAttention.attend(q, qAt, position, h, blocks, blockSize, kv, out, outAt);
    }
  }
}
