package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;
import dev.longspan.kernels.backend.cuda.device.Kernel;
import dev.longspan.kernels.backend.cuda.device.Stream;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.SparseConfig;

/** Stands in until the launcher of decode attention is there. */
final class DecodeAttentionDraft implements AutoCloseable {
  private static final int STAGES = 3;
  private final ModelConfig c;
  private final Device device;
  private final Kernel dense;
  private final Kernel sum;
  private final Kernel sparse;
  private final int ctas;
  private final int splits;
  private final DeviceBuffer partial;
  private final DeviceBuffer weight;

  DecodeAttentionDraft(Device device, ModelConfig c, int rows, boolean hopper) {
    this.c = c;
    this.device = device;
    int d = c.headDim();
    ctas = hopper ? 8 : 1;
    dense = device.kernel("attention_decode", "attention_decode_" + d);
    sum = device.kernel("attention_decode", "attention_decode_sum_" + d);
    sparse = device.kernel("attention_decode_sparse", "attention_decode_sparse_" + d + "_" + ctas);
    splits = 64;
    partial = device.allocate("splits", 4L * rows * c.heads() * splits * d);
    weight = device.allocate("weights of splits", 8L * rows * c.heads() * splits);
  }

  static int splitPages(int pages) {
    int few = pages / 16 < 6 ? 6 : pages / 16 < 16 ? pages / 16 : 16;
    return Math.max(few, (pages + 63) / 64);
  }

  void enqueue(
      Stream stream,
      DeviceBuffer qkv,
      DeviceBuffer cache,
      DeviceBuffer fine,
      DeviceBuffer coarse,
      DeviceBuffer pageTable,
      DeviceBuffer positions,
      DeviceBuffer tables,
      DeviceBuffer flags,
      int rows,
      SparseConfig s,
      DeviceBuffer selected,
      DeviceBuffer out,
      int outRows) {
    int d = c.headDim();
    if (s == null) {
      dense.grid(2 * device.info().multiprocessors()).block(160).shared(STAGES * 256 * d);
      args(
          dense, qkv, cache, fine, coarse, pageTable, positions, tables, flags, rows, s, selected,
          out, outRows);
      dense.launch(stream);
      sum.grid(c.heads(), rows).block(d);
      args(
          sum, qkv, cache, fine, coarse, pageTable, positions, tables, flags, rows, s, selected,
          out, outRows);
      sum.launch(stream);
      return;
    }
    int select = s.selectedBlocks();
    int split = splitPages(select);
    int count = ((select + split - 1) / split + ctas - 1) / ctas;
    int list = Math.min(select, count * split);
    int shared = STAGES * 256 * d + (ctas == 1 ? 1 : count) * (64 * d + 640) + 4 * list;
    sparse.grid(ctas, c.kvHeads(), rows).block(160).shared(shared);
    args(
        sparse, qkv, cache, fine, coarse, pageTable, positions, tables, flags, rows, s, selected,
        out, outRows);
    sparse.launch(stream);
  }

  private void args(
      Kernel k,
      DeviceBuffer qkv,
      DeviceBuffer cache,
      DeviceBuffer fine,
      DeviceBuffer coarse,
      DeviceBuffer pageTable,
      DeviceBuffer positions,
      DeviceBuffer tables,
      DeviceBuffer flags,
      int rows,
      SparseConfig s,
      DeviceBuffer selected,
      DeviceBuffer out,
      int outRows) {
    k.arg(qkv)
        .arg(cache)
        .arg(fine)
        .arg(coarse)
        .arg(pageTable)
        .arg(positions)
        .arg(tables)
        .arg(flags)
        .arg(partial)
        .arg(weight)
        .arg(out)
        .optional(selected)
        .arg(rows)
        .arg(c.heads())
        .arg(c.kvHeads())
        .arg(outRows)
        .arg(splits)
        .arg(STAGES)
        .arg(s == null ? 0 : s.initBlocks())
        .arg(s == null ? 0 : s.localBlocks())
        .arg(s == null ? 1 : s.selectedBlocks())
        .arg(s != null && s.exactNormaliser() ? 1 : 0)
        .arg(s != null && s.roundScores() ? 1 : 0)
        .arg((float) (1 / (Math.log(2) * Math.sqrt(c.headDim()))));
  }

  @Override
  public void close() {
    partial.close();
    weight.close();
  }
}
