package dev.longspan.kernels.attention;

import dev.longspan.kernels.checkpoint.Dtype;
import dev.longspan.kernels.model.SparseConfig;
import java.util.Arrays;

/**
 * InfLLM-V2: each token and KV head attends to the start, to its surroundings and to the blocks
 * whose mean-pooled keys its queries like best.
 *
 * <p>Stage 1 scores the fine windows (k1) that end at or before the token with a softmax whose
 * normaliser comes from the coarse windows (k2), or from the fine ones in exact mode, summed over
 * the heads of the group; a block's score is the largest of the windows that overlap it. Stage 2 is
 * plain attention over the selected blocks. There are no parameters beside the model's own.
 *
 * <p>Source: Zhao et al., InfLLM-V2, arXiv 2509.24663, and the behaviour of the released kernels,
 * with ties decided for the lower block.
 */
public final class InfLlmV2 implements AttentionMethod {
  private final SparseConfig config;

  /** Creates the method with {@code config}. */
  public InfLlmV2(SparseConfig config) {
    this.config = config;
  }

  /** Returns the settings. */
  public SparseConfig config() {
    return config;
  }

  @Override
  public String name() {
    return "infllm-v2";
  }

  @Override
  public String describe() {
    return String.format(
        "infllm-v2 kernel=%d stride=%d block=%d init=%d window=%d topk=%d dense_len=%d lse=%s%s",
        config.kernelSize(),
        config.kernelStride(),
        config.blockSize(),
        config.initBlocks(),
        config.windowSize(),
        config.topk(),
        config.denseLength(),
        config.exactNormaliser() ? "exact" : "coarse",
        config.roundScores() ? " scores=bf16" : "");
  }

  @Override
  public String cacheKey(int promptLength) {
    return isSparse(promptLength)
        ? new InfLlmV2(config.withDenseLength(0)).describe()
        : name() + ", dense";
  }

  /** Returns whether a token with this decision length selects blocks; otherwise it is dense. */
  public boolean isSparse(int decisionLength) {
    return decisionLength >= config.denseLength();
  }

  @Override
  public void attend(
      float[] q, int qAt, int position, int decisionLength, KvView kv, float[] out, int outAt) {
    int block = config.blockSize();
    if (!isSparse(decisionLength)) {
      DenseAttention.all(q, qAt, position, block, kv, out, outAt);
      return;
    }
    for (int h = 0; h < kv.kvHeads(); h++) {
      int[] blocks = select(q, qAt, position, h, kv);
      BlockAttention.attend(q, qAt, position, h, blocks, block, kv, out, outAt);
    }
  }

  /**
   * Returns the blocks that one KV head's queries attend to.
   *
   * @param q the rotated query, [heads, headDim] from {@code qAt}
   * @param qAt first index in {@code q}
   * @param position 0-based position of the token
   * @param kvHead the KV head
   * @param kv one layer of the sequence's cache
   * @return block numbers, ascending; the token's own block is always among them
   */
  public int[] select(float[] q, int qAt, int position, int kvHead, KvView kv) {
    int current = position / config.blockSize();
    int count = Math.min(config.selectedBlocks(), current + 1);
    boolean[] chosen = new boolean[current + 1];
    int left = count;
    for (int b = 0; b <= current; b++) {
      chosen[b] = b < config.initBlocks() || current <= b + config.localBlocks();
      left -= chosen[b] ? 1 : 0;
    }
    if (left > 0) {
      float[] score = blockScores(q, qAt, position, kvHead, kv);
      for (; left > 0; left--) {
        int best = -1;
        for (int b = 0; b <= current; b++) {
          if (!chosen[b] && (best < 0 || score[b] > score[best])) {
            best = b;
          }
        }
        chosen[best] = true;
      }
    }
    int[] blocks = new int[count];
    int n = 0;
    for (int b = 0; b <= current; b++) {
      if (chosen[b]) {
        blocks[n++] = b;
      }
    }
    return blocks;
  }

  /**
   * Returns the score of each block up to the token's own: the largest score of the visible fine
   * windows that overlap it, negative infinity where there is none. Parameters as in {@link
   * #select}.
   */
  public float[] blockScores(float[] q, int qAt, int position, int kvHead, KvView kv) {
    float[] window = windowScores(q, qAt, position, kvHead, kv);
    int perBlock = config.blockSize() / config.kernelStride();
    int overlap = config.kernelSize() / config.kernelStride() - 1;
    float[] score = new float[position / config.blockSize() + 1];
    Arrays.fill(score, Float.NEGATIVE_INFINITY);
    for (int b = 0; b < score.length; b++) {
      int end = Math.min((b + 1) * perBlock, window.length);
      for (int j = Math.max(0, b * perBlock - overlap); j < end; j++) {
        score[b] = Math.max(score[b], window[j]);
      }
    }
    return score;
  }

  /** Returns the scores of the visible fine windows, summed over the heads of the group. */
  private float[] windowScores(float[] q, int qAt, int position, int kvHead, KvView kv) {
    int dim = kv.headDim();
    int group = kv.heads() / kv.kvHeads();
    int fine = windows(position + 1, config.kernelSize(), config.kernelStride());
    int coarse = windows(position + 1, config.coarseSize(), config.coarseStride());
    float[] score = new float[fine];
    if (!config.exactNormaliser() && coarse == 0) {
      return score;
    }
    double[][] query = BlockAttention.heads(q, qAt + kvHead * group * dim, group, dim);
    double[][] logits = logits(query, fine, (j, key) -> kv.fineKey(kvHead, j, key));
    double[][] normaliser =
        config.exactNormaliser()
            ? logits
            : logits(query, coarse, (j, key) -> kv.coarseKey(kvHead, j, key));
    double[] sum = new double[fine];
    for (int g = 0; g < group; g++) {
      double max = Arrays.stream(normaliser[g]).max().orElse(0);
      double total = 0;
      for (double l : normaliser[g]) {
        total += Math.exp(l - max);
      }
      for (int j = 0; j < fine; j++) {
        sum[j] += Math.exp(logits[g][j] - max) / total;
      }
    }
    for (int j = 0; j < fine; j++) {
      score[j] = (float) sum[j];
      if (config.roundScores()) {
        score[j] = Dtype.fromBf16(Dtype.bf16(score[j]));
      }
    }
    return score;
  }

  /** Reads compressed key {@code window} of one level. */
  private interface Windows {
    void read(int window, float[] to);
  }

  /** Returns the scaled products of each query head and each window, [head][window]. */
  private static double[][] logits(double[][] query, int count, Windows windows) {
    int dim = query[0].length;
    double scale = 1 / Math.sqrt(dim);
    double[][] logits = new double[query.length][count];
    float[] stored = new float[dim];
    double[] key = new double[dim];
    for (int j = 0; j < count; j++) {
      windows.read(j, stored);
      BlockAttention.widen(stored, key);
      for (int g = 0; g < query.length; g++) {
        logits[g][j] = scale * BlockAttention.dot(query[g], key);
      }
    }
    return logits;
  }

  /** Returns how many pooling windows lie entirely in the first {@code tokens} tokens. */
  public static int windows(int tokens, int size, int stride) {
    return tokens < size ? 0 : (tokens - size) / stride + 1;
  }
}
