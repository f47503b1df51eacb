package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;
import dev.longspan.kernels.backend.cuda.device.Kernel;
import dev.longspan.kernels.backend.cuda.device.Stream;
import java.util.Locale;

/**
 * Matrix products for every GPU since sm_80 ({@code portable_gemm.cu}): {@code v = scale (x W^T +
 * bias)}, and what becomes of it.
 *
 * <p>Rows of prompts and rows of answers take different kernels, whose sums differ in order; within
 * either, a row's bits depend neither on the number of rows nor on its place among them.
 */
final class PortableGemm {
  /** What becomes of a product; the names are the kernels'. */
  enum Epilogue {
    /** out = v, bf16 [rows, pitch]. */
    STORE,
    /** out = v, fp32 [rows, pitch]. */
    FLOAT,
    /** out += v, fp32 [rows, pitch]. */
    ADD,
    /** out = silu(gate) * up, a panel matrix [pitch, n / 2], without scale and bias. */
    SWIGLU
  }

  /** Most rows of an answer's step. */
  static final int FEW_ROWS = 64;

  private final Kernel[] many = new Kernel[Epilogue.values().length];
  private final Kernel[][] few = new Kernel[Epilogue.values().length][4];

  PortableGemm(Device device) {
    for (Epilogue epilogue : Epilogue.values()) {
      String name = "portable_gemm_" + epilogue.name().toLowerCase(Locale.ROOT);
      many[epilogue.ordinal()] = device.kernel("portable_gemm", name);
      for (int i = 0; i < 4; i++) {
        few[epilogue.ordinal()][i] = device.kernel("portable_gemm", name + "_" + (8 << i));
      }
    }
  }

  /**
   * Enqueues a product of rows of prompts.
   *
   * @param x panel matrix [xRows, k]; rows from {@code rows} on may hold anything
   * @param w packed matrix [wRows, k]
   * @param n columns of the product that are wanted; for SWIGLU {@code wRows}
   * @param k columns of x and w, without padding
   * @param bias fp32 [n], or null
   * @param pitch elements from row to row of {@code out}; for SWIGLU its rows
   */
  void many(
      Stream stream,
      Epilogue epilogue,
      DeviceBuffer x,
      long xRows,
      int rows,
      DeviceBuffer w,
      long wRows,
      int n,
      int k,
      DeviceBuffer bias,
      float scale,
      DeviceBuffer out,
      long pitch) {
    Kernel kernel =
        many[epilogue.ordinal()]
            .grid((rows + 127) / 128, (n + 127) / 128)
            .block(256)
            .shared(3 * 2 * 128 * 128);
    launch(stream, kernel, x, xRows, rows, w, wRows, n, k, bias, scale, out, pitch);
  }

  /** Enqueues a product of at most {@link #FEW_ROWS} rows of answers; parameters as above. */
  void few(
      Stream stream,
      Epilogue epilogue,
      DeviceBuffer x,
      long xRows,
      int rows,
      DeviceBuffer w,
      long wRows,
      int n,
      int k,
      DeviceBuffer bias,
      float scale,
      DeviceBuffer out,
      long pitch) {
    int size = rows <= 8 ? 0 : rows <= 16 ? 1 : rows <= 32 ? 2 : 3;
    int columns = size < 2 ? 16 : 32;
    Kernel kernel =
        few[epilogue.ordinal()][size]
            .grid((n + columns - 1) / columns)
            .block(256)
            .shared(32 * (8 << size) * columns);
    launch(stream, kernel, x, xRows, rows, w, wRows, n, k, bias, scale, out, pitch);
  }

  private static void launch(
      Stream stream,
      Kernel kernel,
      DeviceBuffer x,
      long xRows,
      int rows,
      DeviceBuffer w,
      long wRows,
      int n,
      int k,
      DeviceBuffer bias,
      float scale,
      DeviceBuffer out,
      long pitch) {
    kernel
        .arg(x)
        .arg(xRows)
        .arg(rows)
        .arg(w)
        .arg(wRows)
        .arg(n)
        .arg(Packing.paddedCols(k) / 64)
        .optional(bias)
        .arg(scale)
        .arg(out)
        .arg(pitch)
        .launch(stream);
  }
}
