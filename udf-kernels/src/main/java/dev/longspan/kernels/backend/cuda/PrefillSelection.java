package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;
import dev.longspan.kernels.backend.cuda.device.Kernel;
import dev.longspan.kernels.backend.cuda.device.Stream;
import dev.longspan.kernels.model.SparseConfig;
import java.util.function.BiFunction;

/**
 * InfLLM-V2's choice of blocks for prompt rows: from rotated queries and compressed keys to a
 * bitmask per row and KV head.
 *
 * <p>On Hopper this is {@code select_prefill.cu} (wgmma and bulk copies), elsewhere {@code
 * portable_select.cu} (plain loops). A row's blocks depend on its own query and keys alone: not on
 * its neighbours or the chunk.
 */
final class PrefillSelection implements AutoCloseable {
  /** Rows of block scores have room for a multiple of so many. */
  private static final int SCORES_AT_ONCE = 128;

  /** Windows in a tile of compressed keys. */
  private static final int TILE_WINDOWS = 128;

  /** Tiles in a group: one of coarse windows and four of fine ones. */
  private static final int GROUP_TILES = 5;

  /** The most query heads of a KV head. */
  private static final int MAX_GROUP = 16;

  /** Rows (heads times tokens) of a job of the Hopper kernel. */
  private static final int JOB_ROWS = 256;

  private final SparseConfig config;
  private final int headDim;
  private final int group;
  private final int kvHeads;
  private final boolean hopper;
  private final int multiprocessors;
  private final Kernel gather;
  private final Kernel select;
  private final int scratchBlocks;
  private final DeviceBuffer panels;
  private final DeviceBuffer scratch;

  /**
   * Loads the kernels and takes their working memory.
   *
   * @param headDim 64 or 128
   * @param group query heads of a KV head, 1 to 16
   * @param hopper whether to take the kernel for compute capability 9.0
   * @param maxBlocks the most blocks that a row sees
   * @param maxGroups the most groups of a step's {@link SelectionPlan}
   * @param memory gives a buffer of a name and a size, such as {@code arena::take}
   * @throws IllegalArgumentException if the model's settings or heads need other kernels
   */
  PrefillSelection(
      Device device,
      SparseConfig config,
      int headDim,
      int group,
      int kvHeads,
      boolean hopper,
      int maxBlocks,
      int maxGroups,
      BiFunction<String, Long, DeviceBuffer> memory) {
    if (config.kernelSize() != 32 || config.kernelStride() != 16) {
      throw new IllegalArgumentException(
          String.format(
              "sparse_config has kernel_size %d and kernel_stride %d: the cuda backend selects with"
                  + " 32 and 16 only; use --attention dense or --backend vector",
              config.kernelSize(), config.kernelStride()));
    }
    if (group > MAX_GROUP || headDim != 64 && headDim != 128) {
      throw new IllegalArgumentException(
          String.format(
              "%d query heads per KV head of %d dimensions: the cuda backend selects with 1 to %d"
                  + " heads of 64 or 128; use --attention dense or --backend vector",
              group, headDim, MAX_GROUP));
    }
    this.config = config;
    this.headDim = headDim;
    this.group = group;
    this.kvHeads = kvHeads;
    this.hopper = hopper;
    multiprocessors = device.info().multiprocessors();
    gather = device.kernel("select_gather", "select_gather_d" + headDim);
    select =
        hopper
            ? device.kernel(
                "select_prefill", "select_prefill_d" + headDim + "_g" + paddedGroup(group))
            : device.kernel("portable_select", "portable_select_d" + headDim);
    scratchBlocks = (maxBlocks / SCORES_AT_ONCE + 1) * SCORES_AT_ONCE;
    long tile = (long) TILE_WINDOWS * headDim * Short.BYTES;
    panels = memory.apply("gathered compressed keys", maxGroups * GROUP_TILES * kvHeads * tile);
    scratch =
        memory.apply(
            "block scores",
            hopper
                ? 2L * multiprocessors * tileTokens(group) * scratchBlocks * 9 / 8 * Float.BYTES
                : Float.BYTES);
  }

  /** Returns the rows of a tile of {@link SelectionPlan}. */
  static int tileTokens(int group) {
    return JOB_ROWS / paddedGroup(group);
  }

  private static int paddedGroup(int group) {
    return group <= 4 ? 4 : group <= 8 ? 8 : 16;
  }

  /**
   * Enqueues the selection of one layer.
   *
   * @param qkv bf16 [rows, qkvColumns], the rotated q heads first
   * @param fine the layer's fine compressed keys
   * @param coarse the layer's coarse compressed keys
   * @param step the step's page tables and sizes
   * @param tiles the tiles of {@code plan}
   * @param groups the groups of {@code plan}
   * @param plan which rows select; not empty
   * @param mask uint64 [kvHeads][maskRows][{@link PrefillStep#words}]; rows that do not select keep
   *     what they hold
   */
  void enqueue(
      Stream stream,
      DeviceBuffer qkv,
      int qkvColumns,
      DeviceBuffer fine,
      DeviceBuffer coarse,
      PrefillStep step,
      DeviceBuffer tiles,
      DeviceBuffer groups,
      SelectionPlan plan,
      DeviceBuffer mask,
      int maskRows) {
    gather
        .grid(plan.groupCount() * GROUP_TILES, kvHeads)
        .block(256)
        .arg(fine)
        .arg(coarse)
        .arg(step.pageTable())
        .arg(groups)
        .arg(panels)
        .launch(stream);
    int jobs = plan.tileCount() * kvHeads;
    if (hopper) {
      select.grid(Math.min(jobs, multiprocessors)).block(384).shared(hopperSharedBytes());
    } else {
      int shared = (16 * headDim + 404 + scratchBlocks) * Float.BYTES;
      select.grid(plan.tileCount() * tileTokens(group), kvHeads).block(256).shared(shared);
    }
    select.arg(qkv).arg(qkvColumns).arg(group).arg(kvHeads).arg(panels).arg(tiles);
    if (hopper) {
      select.arg(jobs).arg(scratch).arg(scratchBlocks);
    } else {
      select.arg(tileTokens(group));
    }
    select
        .arg(config.initBlocks())
        .arg(config.localBlocks())
        .arg(config.topk() - config.initBlocks() - 1)
        .arg(config.exactNormaliser() ? 1 : 0)
        .arg(config.roundScores() ? 1 : 0)
        .arg(mask)
        .arg(maskRows)
        .arg(2 * step.words())
        .launch(stream);
  }

  /** Bytes of the Hopper kernel's {@code Shared}. */
  private int hopperSharedBytes() {
    int tile = TILE_WINDOWS * headDim * Short.BYTES;
    return (4 + 3) * tile + 2 * 128 * Float.BYTES + 3 * 132 * Integer.BYTES + 10 * Long.BYTES;
  }

  @Override
  public void close() {
    panels.close();
    scratch.close();
  }
}
