package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;
import dev.longspan.kernels.backend.cuda.device.Kernel;
import dev.longspan.kernels.backend.cuda.device.Stream;

/**
 * Attention of prompt rows over a paged cache, dense or over selected blocks.
 *
 * <p>On Hopper this is {@code attention_prefill.cu} (wgmma and bulk copies), elsewhere {@code
 * portable_attention.cu} (mma.sync). A row's result depends on the blocks it sees alone: not on its
 * neighbours, the tile or the chunk; and a selection of every block gives dense attention bit for
 * bit.
 */
final class PrefillAttention implements AutoCloseable {
  /** Rows of a tile: tokens times the query heads of a KV head. */
  private static final int TILE_ROWS = 128;

  private static final int HOPPER_SHARED_BYTES = 230_656;

  private final Device device;
  private final Kernel kernel;
  private final boolean hopper;
  private final DeviceBuffer counter;
  private final int headDim;
  private final int group;
  private final int kvHeads;

  /**
   * Loads the kernel for a head layout.
   *
   * @param headDim 64 or 128
   * @param group query heads of a KV head, 1 to 16
   * @param hopper whether to take the kernel for compute capability 9.0
   */
  PrefillAttention(Device device, int headDim, int group, int kvHeads, boolean hopper) {
    this.device = device;
    this.headDim = headDim;
    this.group = group;
    this.kvHeads = kvHeads;
    this.hopper = hopper;
    String file = hopper ? "attention_prefill" : "portable_attention";
    kernel = device.kernel(file, file + "_" + headDim + "_" + slots(group));
    counter = device.allocate("tile counter of prefill attention", 2 * Integer.BYTES);
    counter.copyFrom(new int[2]);
  }

  /** Returns the adjacent tokens of a tile. */
  static int tileTokens(int group) {
    return TILE_ROWS / slots(group);
  }

  private static int slots(int group) {
    return group == 1 ? 1 : Integer.highestOneBit(2 * group - 1);
  }

  /**
   * Enqueues the attention of one layer.
   *
   * @param qkv bf16 [rows, qkvColumns], the rotated q heads first
   * @param cache the layer's pages
   * @param step the step's segments, tiles and page tables
   * @param mask selected blocks, uint64 [kvHeads][maskRows][{@link PrefillStep#words}]; any buffer
   *     where no segment is sparse
   * @param select blocks that a row of a sparse segment selects; rows that see no more see all
   * @param out bf16 panel matrix [outRows, heads * headDim]
   */
  void enqueue(
      Stream stream,
      DeviceBuffer qkv,
      int qkvColumns,
      DeviceBuffer cache,
      PrefillStep step,
      DeviceBuffer mask,
      int maskRows,
      int select,
      DeviceBuffer out,
      int outRows) {
    if (hopper) {
      kernel.grid(device.info().multiprocessors()).block(384).shared(HOPPER_SHARED_BYTES);
    } else {
      int keysAndValues = 4 * 64 * headDim * Short.BYTES;
      kernel.grid(step.tileCount(), kvHeads).block(256).shared(keysAndValues + 8 * step.words());
    }
    kernel
        .arg(qkv)
        .arg(cache)
        .arg(step.pageTable())
        .arg(step.segments())
        .arg(step.tiles())
        .arg(mask)
        .arg(out)
        .arg(qkvColumns)
        .arg(group)
        .arg(kvHeads)
        .arg(maskRows)
        .arg(step.words())
        .arg(select)
        .arg((long) outRows)
        .arg((float) (1 / (Math.log(2) * Math.sqrt(headDim))));
    if (hopper) {
      kernel.arg(step.tileCount()).arg(counter);
    }
    kernel.launch(stream);
  }

  @Override
  public void close() {
    counter.close();
  }
}
