package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;

/**
 * The rows of a prefill step as kernels read them; layouts are in {@code layout.cuh}.
 *
 * @param pageTable int: the pages of all sequences of the step, one after another
 * @param segments {@code Segment} [segmentCount]
 * @param tiles {@code Tile} [tileCount]: {@link PrefillAttention#tileTokens} tokens each
 * @param segmentCount number of segments
 * @param tileCount number of tiles
 * @param rows rows of all segments
 * @param longest rows of the longest segment
 * @param maxBlocks blocks that the furthest row sees
 */
record PrefillStep(
    DeviceBuffer pageTable,
    DeviceBuffer segments,
    DeviceBuffer tiles,
    int segmentCount,
    int tileCount,
    int rows,
    int longest,
    int maxBlocks) {

  /** Bytes of a {@code Segment}. */
  static final int SEGMENT_BYTES = 8 * Integer.BYTES;

  /** Bytes of a {@code Tile}. */
  static final int TILE_BYTES = 2 * Integer.BYTES;

  /** Returns the 64-bit words of a row's block mask. */
  int words() {
    return (maxBlocks + 63) / 64;
  }
}
