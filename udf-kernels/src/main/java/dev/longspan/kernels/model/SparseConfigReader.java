package dev.longspan.kernels.model;

import dev.longspan.kernels.checkpoint.CheckpointException;
import java.util.Iterator;
import java.util.List;

/**
 * Reads {@code sparse_config}, the InfLLM-V2 settings, and checks that they fit each other.
 *
 * <p>Beside the released keys it knows two of this project: {@code lse} ({@code coarse}, as
 * released, or {@code exact}: what normalises the scores of stage 1) and {@code round_scores}.
 */
final class SparseConfigReader {
  private static final List<String> KEYS =
      List.of(
          "kernel_size",
          "kernel_stride",
          "init_blocks",
          "block_size",
          "window_size",
          "topk",
          "use_nope",
          "dense_len",
          "lse",
          "round_scores");

  private SparseConfigReader() {}

  static SparseConfig read(ConfigFields fields) {
    for (Iterator<String> keys = fields.node().fieldNames(); keys.hasNext(); ) {
      String key = keys.next();
      if (!KEYS.contains(key)) {
        throw fields.bad(key, "is not a known setting; known are " + String.join(", ", KEYS));
      }
    }
    if (fields.flag("use_nope", false)) {
      throw fields.bad(
          "use_nope", "is true, which needs keys without rotation; only false is supported");
    }
    SparseConfig d = SparseConfig.MINICPM4;
    try {
      return new SparseConfig(
          fields.positive("kernel_size", d.kernelSize()),
          fields.positive("kernel_stride", d.kernelStride()),
          fields.atLeast(0, "init_blocks", d.initBlocks()),
          fields.positive("block_size", d.blockSize()),
          fields.atLeast(0, "window_size", d.windowSize()),
          fields.positive("topk", d.topk()),
          // -1 means that sparse attention is used at every length; so does 0.
          Math.max(0, fields.atLeast(-1, "dense_len", d.denseLength())),
          fields.oneOf("lse", List.of("coarse", "exact")).equals("exact"),
          fields.flag("round_scores", d.roundScores()));
    } catch (IllegalArgumentException e) {
      throw new CheckpointException(fields.where() + ": " + e.getMessage(), e);
    }
  }
}
