package dev.longspan.kernels.model;

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
   * Checks the settings.
   *
   * @throws IllegalArgumentException naming the key of config.json, its value and the rule it
   *     breaks
   */
  public SparseConfig {
    require(kernelStride > 0, "kernel_stride", kernelStride, "must be positive");
    require(blockSize > 0, "block_size", blockSize, "must be positive");
    require(
        kernelSize > 0 && kernelSize % kernelStride == 0,
        "kernel_size",
        kernelSize,
        "must be a multiple of kernel_stride " + kernelStride);
    require(
        blockSize % kernelStride == 0,
        "block_size",
        blockSize,
        "must be a multiple of kernel_stride " + kernelStride);
    require(
        windowSize >= 0 && windowSize % blockSize == 0,
        "window_size",
        windowSize,
        "must be a multiple of block_size " + blockSize);
    require(initBlocks >= 0, "init_blocks", initBlocks, "must not be negative");
    require(
        topk > initBlocks,
        "topk",
        topk,
        "must be above init_blocks " + initBlocks + " so that the current block always fits");
  }

  private static void require(boolean holds, String key, int value, String rule) {
    if (!holds) {
      throw new IllegalArgumentException(
          "sparse_config: " + key + " is " + value + " but " + rule + "; correct config.json");
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
