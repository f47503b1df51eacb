package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.backend.cuda.PortableGemm.Epilogue;
import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;
import dev.longspan.kernels.backend.cuda.device.Kernel;
import dev.longspan.kernels.backend.cuda.device.Stream;

/**
 * Products of at most 64 rows of answers on Hopper, each reading what those before it wrote, in one
 * launch ({@code gemm_decode.cu}).
 *
 * <p>All blocks must be at work at once, in clusters of four, which not every SM can take part in;
 * how many there can be is found by trying.
 */
final class ProductChain implements AutoCloseable {
  /** Most products of a chain. */
  static final int MOST = 4;

  private static final int CLUSTER = 4;
  private static final int THREADS = 192;
  private static final int SHARED_BYTES = 232_448;

  private final Kernel[] kernels = new Kernel[4];
  private final DeviceBuffer sync;
  private final int blocks;

  /**
   * The RMSNorm of what a product has added to: the next product reads the values times the weights
   * and scales its rows by the inverse roots of the mean squares.
   *
   * @param weight fp32 [n]
   * @param out panel matrix of n columns: the values times the weights
   * @param squares fp32, of {@link #squaresBytes}: sums of squares
   */
  record Norm(DeviceBuffer weight, float eps, DeviceBuffer out, DeviceBuffer squares) {}

  /**
   * A product: {@code v = scale * (f * a w^T + bias)}.
   *
   * @param epilogue what becomes of v, as in {@link PortableGemm}
   * @param a panel matrix [{@link #panelRows}, k]
   * @param from the norm whose {@code out} is {@code a}; null where f is 1
   * @param bias fp32 [n], or null
   * @param out [rows, pitch], or for SWIGLU a panel matrix
   * @param then for ADD: the norm that follows, or null
   */
  record Product(
      Epilogue epilogue,
      DeviceBuffer a,
      Norm from,
      Matrix w,
      DeviceBuffer bias,
      float scale,
      DeviceBuffer out,
      int pitch,
      Norm then) {}

  ProductChain(Device device, Stream stream) {
    for (int i = 0; i < kernels.length; i++) {
      kernels[i] = device.kernel("gemm_decode", "gemm_decode_" + (8 << i));
    }
    sync = device.allocate("flags between products", MOST * Integer.BYTES);
    stream.fill(sync, 0);
    blocks = most(stream, device.info().multiprocessors());
  }

  /** Returns the rows that panel matrices of activations have in a step of {@code rows} rows. */
  static int panelRows(int rows) {
    return rows <= 8 ? 8 : rows <= 16 ? 16 : rows <= 32 ? 32 : 64;
  }

  /** Returns the bytes of the sums of squares of rows of {@code columns} elements. */
  static long squaresBytes(int columns) {
    return 64L * (Packing.paddedCols(columns) / 16) * Float.BYTES;
  }

  /** Enqueues a chain of at most {@link #MOST} products. */
  void launch(Stream stream, int rows, Product... products) {
    if (!start(rows, blocks, products).launchTogether(stream)) {
      throw new IllegalStateException(
          "the GPU had room for " + blocks + " blocks, and now has not");
    }
  }

  private int most(Stream stream, int multiprocessors) {
    for (int n = multiprocessors / CLUSTER * CLUSTER; n > 0; n -= CLUSTER) {
      if (start(1, n).launchTogether(stream)) {
        return n;
      }
    }
    throw new IllegalStateException("the GPU has no room for a cluster of " + CLUSTER + " blocks");
  }

  private Kernel start(int rows, int grid, Product... products) {
    Kernel kernel = kernels[Integer.numberOfTrailingZeros(panelRows(rows) / 8)];
    kernel.grid(grid).block(THREADS).shared(SHARED_BYTES);
    for (int i = 0; i < MOST; i++) {
      if (i < products.length) {
        add(kernel, products[i]);
      } else {
        for (int word = 0; word < 12; word++) {
          kernel.arg(0L);
        }
      }
    }
    return kernel.arg(products.length).arg(rows).arg(sync);
  }

  /** Adds the fields of a {@code DecodeGemm}. */
  private static void add(Kernel kernel, Product p) {
    Norm then = p.then;
    kernel
        .arg(p.w.data())
        .arg(p.a)
        .arg(p.out)
        .optional(p.bias)
        .optional(then == null ? null : then.weight)
        .optional(then == null ? null : then.out)
        .optional(then == null ? null : then.squares)
        .optional(p.from == null ? null : p.from.squares)
        .arg(p.w.n())
        .arg(p.w.k())
        .arg((int) p.w.paddedRows())
        .arg(p.epilogue.ordinal())
        .arg(p.pitch)
        .arg(p.scale)
        .arg(p.from == null ? 0 : p.from.eps)
        .arg(0);
  }

  @Override
  public void close() {
    sync.close();
  }
}
