package dev.longspan.kernels.model;

import dev.longspan.kernels.backend.KvStore;
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
    SparseConfig read =
        new SparseConfig(
            fields.positive("kernel_size", d.kernelSize()),
            fields.positive("kernel_stride", d.kernelStride()),
            fields.atLeast(0, "init_blocks", d.initBlocks()),
            fields.positive("block_size", d.blockSize()),
            fields.positive("window_size", d.windowSize()),
            fields.positive("topk", d.topk()),
            // -1 means that sparse attention is used at every length; so does 0.
            Math.max(0, fields.atLeast(-1, "dense_len", d.denseLength())),
            fields.oneOf("lse", List.of("coarse", "exact")).equals("exact"),
            fields.flag("round_scores", d.roundScores()));
    check(fields, read);
    return read;
  }

  private static void check(ConfigFields fields, SparseConfig c) {
    if (c.blockSize() != KvStore.PAGE) {
      throw bad(fields, c, "block_size must be " + KvStore.PAGE + ", the page of the KV cache");
    }
    if (c.kernelSize() % c.kernelStride() != 0) {
      throw bad(fields, c, "kernel_size must be a multiple of kernel_stride");
    }
    if (c.blockSize() % (4 * c.kernelStride()) != 0) {
      throw bad(fields, c, "block_size must be a multiple of the coarse stride, 4 kernel_stride");
    }
    if (c.windowSize() % c.blockSize() != 0) {
      throw bad(fields, c, "window_size must be a multiple of block_size");
    }
    if (c.topk() < c.initBlocks() + 1) {
      throw bad(
          fields,
          c,
          "topk must be at least init_blocks + 1: the initial blocks, the current one and the local"
              + " ones before it are always selected");
    }
  }

  private static CheckpointException bad(ConfigFields fields, SparseConfig c, String rule) {
    return new CheckpointException(
        String.format(
            "%s: %s. Found kernel_size %d, kernel_stride %d, block_size %d, window_size %d,"
                + " init_blocks %d, topk %d; derived: coarse windows of %d tokens with stride %d,"
                + " %d local blocks before the current one, %d selected blocks = %d tokens",
            fields.where(),
            rule,
            c.kernelSize(),
            c.kernelStride(),
            c.blockSize(),
            c.windowSize(),
            c.initBlocks(),
            c.topk(),
            4 * c.kernelSize(),
            4 * c.kernelStride(),
            c.localBlocks(),
            c.selectedBlocks(),
            c.selectedBlocks() * c.blockSize()));
  }
}
