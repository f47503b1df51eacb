package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;
import dev.longspan.kernels.backend.cuda.device.Kernel;
import dev.longspan.kernels.backend.cuda.device.Stream;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.RopeConfig;

/**
 * Rotates q and k, stores k and v in the paged cache, and pools the compressed keys of the windows
 * that end with the new tokens ({@code rope_store.cu}).
 *
 * <p>Prompts and answers take different kernels that leave the same bits, whatever the chunks. A
 * compressed key is the fp32 sum of its window's stored keys in token order, rounded once.
 */
final class RopeStore implements AutoCloseable {
  private final ModelConfig config;
  private final Kernel prefill;
  private final Kernel compress;
  private final Kernel decode;
  private final DeviceBuffer angles;

  /**
   * Loads the kernels and computes the cosines and sines of all positions.
   *
   * @param config a model with heads of 64 or 128 elements
   * @param positions the positions to come are below this
   */
  RopeStore(Device device, Stream stream, ModelConfig config, int positions) {
    this.config = config;
    int dim = config.headDim();
    prefill = device.kernel("rope_store", "rope_store_prefill_" + dim);
    compress = device.kernel("rope_store", "compress_prefill_" + dim);
    decode = device.kernel("rope_store", "rope_store_decode_" + dim);
    angles = device.allocate("cosines and sines", (long) positions * dim * Float.BYTES);
    RopeConfig rope = config.rope();
    try (DeviceBuffer inverse = device.allocate("inverse frequencies", 2L * dim);
        DeviceBuffer factor = device.allocate("RoPE factors", 2L * dim)) {
      inverse.copyFrom(rope.invFreq());
      factor.copyFrom(rope.factor());
      device
          .kernel("rope_store", "rope_table")
          .grid((positions + 3) / 4)
          .block(64, 4, 1)
          .arg(inverse)
          .arg(factor)
          .arg(dim / 2)
          .arg(positions)
          .arg(rope.attentionScale())
          .arg(angles)
          .launch(stream);
      stream.synchronize();
    }
  }

  /**
   * Enqueues one layer of a prefill step.
   *
   * @param qkv bf16 [rows, qkvSize]; q is rotated in place
   * @param qNorm fp32 [headDim], or null
   * @param kNorm the same for k
   * @param cache the layer's pages
   * @param fine the layer's fine keys; null for a model that never selects blocks
   * @param coarse the layer's coarse keys, or null
   */
  void prefill(
      Stream stream,
      DeviceBuffer qkv,
      DeviceBuffer qNorm,
      DeviceBuffer kNorm,
      PrefillStep step,
      DeviceBuffer cache,
      DeviceBuffer fine,
      DeviceBuffer coarse) {
    prefill
        .grid((step.longest() + 7) / 8, step.segmentCount())
        .block(256)
        .arg(qkv)
        .arg(config.heads())
        .arg(config.kvHeads())
        .optional(qNorm)
        .optional(kNorm)
        .arg(config.rmsNormEps())
        .arg(angles)
        .arg(step.segments())
        .arg(step.pageTable())
        .arg(cache)
        .launch(stream);
    if (fine != null) {
      compress(stream, step, cache, fine, coarse);
    }
  }

  /** Enqueues the second half of {@link #prefill}: the compressed keys, from the stored ones. */
  void compress(
      Stream stream, PrefillStep step, DeviceBuffer cache, DeviceBuffer fine, DeviceBuffer coarse) {
    int mostPages = (step.longest() + 62) / 64 + 1;
    compress
        .grid(mostPages, step.segmentCount(), config.kvHeads())
        .block(5 * config.headDim() / 2)
        .arg(cache)
        .arg(fine)
        .arg(coarse)
        .arg(step.segments())
        .arg(step.pageTable())
        .arg(config.kvHeads())
        .launch(stream);
  }

  /**
   * Enqueues one layer of a step of answers, one row per sequence; a row whose position is negative
   * does nothing.
   *
   * @param positions int [rows]
   * @param tables int [rows]: the first entry of each row's page table in {@code pageTable}
   */
  void decode(
      Stream stream,
      DeviceBuffer qkv,
      int rows,
      DeviceBuffer qNorm,
      DeviceBuffer kNorm,
      DeviceBuffer positions,
      DeviceBuffer tables,
      DeviceBuffer pageTable,
      DeviceBuffer cache,
      DeviceBuffer fine,
      DeviceBuffer coarse) {
    decode
        .grid(rows, config.kvHeads())
        .block(160)
        .arg(qkv)
        .arg(config.heads())
        .arg(config.kvHeads())
        .optional(qNorm)
        .optional(kNorm)
        .arg(config.rmsNormEps())
        .arg(angles)
        .arg(positions)
        .arg(tables)
        .arg(pageTable)
        .arg(cache)
        .optional(fine)
        .optional(coarse)
        .launch(stream);
  }

  @Override
  public void close() {
    angles.close();
  }
}
