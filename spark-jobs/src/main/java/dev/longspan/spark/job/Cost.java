package dev.longspan.spark.job;

import dev.longspan.kernels.attention.AttentionMethod;
import dev.longspan.kernels.attention.InfLlmV2;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.SparseConfig;
import java.io.Serializable;

/**
 * Estimates the work of a row in floating-point operations, to balance partitions and to tell the
 * time left.
 *
 * @param perToken operations of the matrices for one token
 * @param perPair operations of attention for one query token and one key token
 * @param sparseFrom prompt length from which on the method selects keys
 * @param selected most key tokens that a query meets then
 * @param scoring work of the selection for one query and one key token, in pairs
 */
record Cost(double perToken, double perPair, int sparseFrom, double selected, double scoring)
    implements Serializable {
  /** A decode step reads every weight for one row: that token costs more than one in a prompt. */
  private static final double DECODE_FACTOR = 4;

  static Cost of(ModelConfig config, AttentionMethod method) {
    double attention = (double) config.heads() * config.headDim();
    double layer =
        (double) config.hiddenSize() * config.qkvSize()
            + attention * config.hiddenSize()
            + 3.0 * config.hiddenSize() * config.intermediateSize();
    double perToken = 2 * layer * config.layers();
    double perPair = 4 * attention * config.layers();
    if (method instanceof InfLlmV2 infllm) {
      SparseConfig sparse = infllm.config();
      // Stage 1 multiplies with one pooled key a stride, and with no values: half a pair.
      return new Cost(
          perToken,
          perPair,
          sparse.denseLength(),
          (double) sparse.selectedBlocks() * sparse.blockSize(),
          0.5 / sparse.kernelStride());
    }
    return new Cost(perToken, perPair, Integer.MAX_VALUE, 0, 0);
  }

  /** Returns the operations for a prompt and {@code newTokens} after it. */
  double of(int promptTokens, int newTokens) {
    double all = (double) promptTokens * (promptTokens + 1) / 2;
    double last = promptTokens;
    if (promptTokens >= sparseFrom) {
      double whole = Math.min(promptTokens, selected);
      all = whole * (whole + 1) / 2 + (promptTokens - whole) * selected + all * scoring;
      last = whole + promptTokens * scoring;
    }
    return perToken * (promptTokens + DECODE_FACTOR * newTokens)
        + perPair * (all + last * newTokens);
  }
}
