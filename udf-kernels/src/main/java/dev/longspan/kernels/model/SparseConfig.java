package dev.longspan.kernels.model;

import dev.longspan.kernels.backend.KvStore;

/**
 * InfLLM-V2 settings: {@code sparse_config} of config.json.
 *
 * @param kernelSize tokens in a fine pooling window (k1); the coarse window (k2) is four times it
 * @param kernelStride stride of the fine windows; the coarse stride is four times it
 * @param initBlocks blocks at the start of the sequence that are always selected
 * @param blockSize tokens in a block
 * @param windowSize local window in tokens
 * @param topk blocks selected beside the local window: the whole count is {@link #selectedBlocks}
 * @param denseLength sequences shorter than this use dense attention
 * @param exactNormaliser true: stage 1 is normalised over the fine windows; false: over the coarse
 *     windows, as released
 * @param roundScores whether block scores are rounded to bfloat16 before the selection, as in the
 *     released code
 */
public record SparseConfig(
    int kernelSize,
    int kernelStride,
    int initBlocks,
    int blockSize,
    int windowSize,
    int topk,
    int denseLength,
    boolean exactNormaliser,
    boolean roundScores) {

  /** Settings of MiniCPM4 and 4.1: 96 blocks of 64 tokens, dense below 8,192. */
  public static final SparseConfig MINICPM4 =
      new SparseConfig(32, 16, 1, 64, 2048, 64, 8192, false, false);

  /**
   * Checks that the settings fit each other.
   *
   * @throws IllegalArgumentException with the rule, the values found and what follows from them
   */
  public SparseConfig {
    String rule = null;
    if (blockSize != KvStore.PAGE) {
      rule = "block_size must be " + KvStore.PAGE + ", the page of the KV cache";
    } else if (kernelStride < 1 || kernelSize < 1 || kernelSize % kernelStride != 0) {
      rule = "kernel_size must be a multiple of kernel_stride";
    } else if (blockSize % (4 * kernelStride) != 0) {
      rule = "block_size must be a multiple of the coarse stride, 4 kernel_stride";
    } else if (windowSize < 0 || windowSize % blockSize != 0) {
      rule = "window_size must be a multiple of block_size";
    } else if (initBlocks < 0 || topk <= initBlocks) {
      rule =
          "topk must be at least init_blocks + 1: the initial blocks, the current one and the local"
              + " ones before it are always selected";
    }
    if (rule != null) {
      throw new IllegalArgumentException(
          String.format(
              "%s. Found kernel_size %d, kernel_stride %d, block_size %d, window_size %d,"
                  + " init_blocks %d, topk %d; derived: coarse windows of %d tokens with stride %d,"
                  + " %d local blocks, %d selected blocks = %d tokens",
              rule,
              kernelSize,
              kernelStride,
              blockSize,
              windowSize,
              initBlocks,
              topk,
              4 * kernelSize,
              4 * kernelStride,
              windowSize / Math.max(1, blockSize),
              topk + windowSize / Math.max(1, blockSize),
              topk * blockSize + windowSize));
    }
  }

  /** Returns the tokens of a coarse pooling window (k2). */
  public int coarseSize() {
    return 4 * kernelSize;
  }

  /** Returns the stride of the coarse windows. */
  public int coarseStride() {
    return 4 * kernelStride;
  }

  /** Returns the local blocks before the current one: the current one is local too. */
  public int localBlocks() {
    return windowSize / blockSize;
  }

  /** Returns how many blocks a query attends to in all. */
  public int selectedBlocks() {
    return topk + localBlocks();
  }

  /** Returns a copy with another switch length. */
  public SparseConfig withDenseLength(int length) {
    return new SparseConfig(
        kernelSize,
        kernelStride,
        initBlocks,
        blockSize,
        windowSize,
        topk,
        length,
        exactNormaliser,
        roundScores);
  }

  /** Returns a copy with another normaliser. */
  public SparseConfig withExactNormaliser(boolean exact) {
    return new SparseConfig(
        kernelSize,
        kernelStride,
        initBlocks,
        blockSize,
        windowSize,
        topk,
        denseLength,
        exact,
        roundScores);
  }

  /** Returns a copy that rounds block scores to bfloat16, or does not. */
  public SparseConfig withRoundScores(boolean round) {
    return new SparseConfig(
        kernelSize,
        kernelStride,
        initBlocks,
        blockSize,
        windowSize,
        topk,
        denseLength,
        exactNormaliser,
        round);
  }
}
