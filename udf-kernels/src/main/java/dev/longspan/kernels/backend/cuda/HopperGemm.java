package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.backend.cuda.PortableGemm.Epilogue;
import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;
import dev.longspan.kernels.backend.cuda.device.Kernel;
import dev.longspan.kernels.backend.cuda.device.Stream;
import java.util.Locale;

/**
 * Matrix products of rows of prompts on Hopper ({@code gemm_prefill.cu}).
 *
 * <p>The tile is chosen by the time that the waves of tiles take; a row's bits do not depend on it.
 */
final class HopperGemm implements PromptProducts {
  /**
   * A tile of the product.
   *
   * @param threads of a block
   * @param shared bytes of shared memory of a block
   * @param time that a wave of such tiles takes, relative to one of 128 x 256
   */
  enum Tile {
    T128X256(128, 256, 384, 215_296, 1),
    T128X192(128, 192, 384, 223_488, 0.78),
    T128X128(128, 128, 384, 215_296, 0.57),
    T64X64(64, 64, 256, 206_080, 0.33);

    private final int rows;
    private final int columns;
    private final int threads;
    private final int shared;
    private final double time;

    Tile(int rows, int columns, int threads, int shared, double time) {
      this.rows = rows;
      this.columns = columns;
      this.threads = threads;
      this.shared = shared;
      this.time = time;
    }

    long count(int m, long n) {
      return (m + rows - 1L) / rows * ((n + columns - 1) / columns);
    }
  }

  private final int multiprocessors;
  private final Kernel[][] kernels = new Kernel[Epilogue.values().length][Tile.values().length];

  HopperGemm(Device device) {
    multiprocessors = device.info().multiprocessors();
    for (Epilogue epilogue : Epilogue.values()) {
      for (Tile tile : Tile.values()) {
        String name =
            String.format(
                Locale.ROOT,
                "gemm_prefill_%s_%dx%d",
                epilogue.name().toLowerCase(Locale.ROOT),
                tile.rows,
                tile.columns);
        kernels[epilogue.ordinal()][tile.ordinal()] = device.kernel("gemm_prefill", name);
      }
    }
  }

  @Override
  public void multiply(
      Stream stream,
      Epilogue epilogue,
      DeviceBuffer x,
      int ld,
      int rows,
      Matrix w,
      DeviceBuffer bias,
      float scale,
      DeviceBuffer out,
      long pitch) {
    Tile tile = fastest(rows, w.n(), multiprocessors);
    multiply(tile, stream, epilogue, x, ld, rows, w, bias, scale, out, pitch);
  }

  /** As {@link #multiply}, with tiles of a given size. */
  void multiply(
      Tile tile,
      Stream stream,
      Epilogue epilogue,
      DeviceBuffer x,
      int ld,
      int rows,
      Matrix w,
      DeviceBuffer bias,
      float scale,
      DeviceBuffer out,
      long pitch) {
    kernels[epilogue.ordinal()][tile.ordinal()]
        .grid((int) Math.min(multiprocessors, tile.count(rows, w.paddedRows())))
        .block(tile.threads)
        .shared(tile.shared)
        .arg(w.data())
        .arg((int) w.paddedRows())
        .arg(x)
        .arg(ld)
        .arg(rows)
        .arg(w.n())
        .arg(w.k())
        .arg(out)
        .arg(pitch)
        .optional(bias)
        .arg(scale)
        .launch(stream);
  }

  /** Returns the tile whose waves take the least time for m x n elements. */
  static Tile fastest(int m, int n, int multiprocessors) {
    Tile fastest = null;
    double least = 0;
    for (Tile tile : Tile.values()) {
      long waves = (tile.count(m, n) + multiprocessors - 1) / multiprocessors;
      double time = waves * tile.time;
      if (fastest == null || time < least) {
        fastest = tile;
        least = time;
      }
    }
    return fastest;
  }
}
