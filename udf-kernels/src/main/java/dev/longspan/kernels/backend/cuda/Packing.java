package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;
import dev.longspan.kernels.backend.cuda.device.Kernel;
import dev.longspan.kernels.backend.cuda.device.Stream;
import dev.longspan.kernels.checkpoint.Dtype;

/**
 * Brings weights into the layouts that the kernels read: panel matrices in bf16, norm weights and
 * biases in fp32 ({@code pack.cu}).
 *
 * <p>A matrix [rows, cols] is padded with zeros to {@link #paddedRows} and {@link #paddedCols}. Of
 * the gated MLP, gate and up are one matrix whose rows take turns by eight, so that a thread of the
 * product holds a gate and what it opens.
 */
final class Packing {
  /** Which rows of a packed matrix a source's rows become. */
  enum Part {
    /** The same rows. */
    PLAIN,
    /** Row i becomes row 16 (i / 8) + i % 8. */
    GATE,
    /** Row i becomes row 16 (i / 8) + 8 + i % 8. */
    UP
  }

  private final Kernel rows;
  private final Kernel vector;
  private final Kernel random;

  Packing(Device device) {
    rows = device.kernel("pack", "pack_rows");
    vector = device.kernel("pack", "pack_vector");
    random = device.kernel("pack", "pack_random");
  }

  /** Returns the rows that a packed matrix of {@code rows} rows has. */
  static long paddedRows(long rows) {
    return (rows + 127) / 128 * 128;
  }

  /** Returns the columns that a packed matrix of {@code cols} columns has. */
  static int paddedCols(int cols) {
    return (cols + 63) / 64 * 64;
  }

  /** Returns the bytes of a packed matrix. */
  static long bytes(long rows, int cols) {
    return paddedRows(rows) * paddedCols(cols) * Short.BYTES;
  }

  /**
   * Packs rows of a matrix; a matrix may come in several pieces.
   *
   * @param source row-major [count, cols] of {@code dtype}
   * @param first the number of the first row among all rows of this part
   * @param target the packed matrix; rows that nobody writes must have been cleared
   * @param targetRows its padded rows
   */
  void rows(
      Stream stream,
      DeviceBuffer source,
      Dtype dtype,
      int count,
      int cols,
      long first,
      Part part,
      DeviceBuffer target,
      long targetRows) {
    rows.grid((count + 31) / 32, (cols + 255) / 256)
        .block(256)
        .arg(source)
        .arg(code(dtype))
        .arg(count)
        .arg(cols)
        .arg(first)
        .arg(part.ordinal())
        .arg(target)
        .arg(targetRows)
        .launch(stream);
  }

  /** Widens {@code count} elements of a norm weight or a bias to fp32. */
  void vector(Stream stream, DeviceBuffer source, Dtype dtype, int count, DeviceBuffer target) {
    vector
        .grid((count + 255) / 256)
        .block(256)
        .arg(source)
        .arg(code(dtype))
        .arg(count)
        .arg(target)
        .launch(stream);
  }

  /**
   * Fills a packed matrix [rows, cols] with nearly normal random numbers of mean 0, and its padding
   * with zeros; each depends on the seed, its row and its column alone.
   */
  void random(Stream stream, DeviceBuffer target, long rows, int cols, long seed, float deviation) {
    long padded = paddedRows(rows);
    random
        .grid((int) (padded / 32), paddedCols(cols) / 64)
        .block(256)
        .arg(target)
        .arg(padded)
        .arg(rows)
        .arg(cols)
        .arg(seed)
        .arg(deviation)
        .launch(stream);
  }

  private static int code(Dtype dtype) {
    return switch (dtype) {
      case BF16 -> 0;
      case F16 -> 1;
      case F32 -> 2;
    };
  }
}
