package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;
import dev.longspan.kernels.backend.cuda.device.Kernel;
import dev.longspan.kernels.backend.cuda.device.Stream;

/**
 * The two ends of the residual stream: embedding into it and RMSNorm out of it ({@code
 * embed_norm.cu}).
 *
 * <p>The stream is fp32 row-major [rows, hidden], hidden a multiple of 4. The embedding table is a
 * packed matrix as every weight, so that a tied head needs no copy.
 */
final class Norms {
  private final Kernel embed;
  private final Kernel rmsNorm;

  Norms(Device device) {
    embed = device.kernel("embed_norm", "embed");
    rmsNorm = device.kernel("embed_norm", "rms_norm");
  }

  /**
   * Writes {@code scale * table[token]} to each row of {@code out}; a negative token leaves its row
   * as it is.
   *
   * @param table packed [tableRows, hidden]
   * @param tokens int [rows]
   * @param out fp32 [rows, hidden]
   */
  void embed(
      Stream stream,
      DeviceBuffer table,
      long tableRows,
      DeviceBuffer tokens,
      int rows,
      int hidden,
      float scale,
      DeviceBuffer out) {
    embed
        .grid(rows)
        .block(256)
        .arg(table)
        .arg(tableRows)
        .arg(tokens)
        .arg(hidden)
        .arg(scale)
        .arg(out)
        .launch(stream);
  }

  /**
   * Writes the RMSNorm of rows of {@code x}, times {@code scale}, to the first {@code rows} rows of
   * a panel matrix; its padding columns become zero.
   *
   * @param x fp32 [.., hidden]
   * @param weight fp32 [hidden]
   * @param index int [rows]: which rows of {@code x}; null for the first ones
   * @param scale 1, or the factor before the head
   * @param out panel matrix [outRows, hidden]
   */
  void rmsNorm(
      Stream stream,
      DeviceBuffer x,
      DeviceBuffer weight,
      DeviceBuffer index,
      int rows,
      int hidden,
      float eps,
      float scale,
      DeviceBuffer out,
      long outRows) {
    rmsNorm
        .grid(rows)
        .block(256)
        .arg(x)
        .arg(weight)
        .optional(index)
        .arg(hidden)
        .arg(eps)
        .arg(scale)
        .arg(out)
        .arg(outRows)
        .launch(stream);
  }
}
