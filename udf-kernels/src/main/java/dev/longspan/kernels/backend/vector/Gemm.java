package dev.longspan.kernels.backend.vector;

import static dev.longspan.kernels.backend.vector.Tile.WIDTH;
import static dev.longspan.kernels.backend.vector.VectorMath.F;
import static dev.longspan.kernels.backend.vector.VectorMath.I;
import static dev.longspan.kernels.backend.vector.VectorMath.L;
import static dev.longspan.kernels.backend.vector.VectorMath.LOG2_E;

import dev.longspan.kernels.backend.host.HostBackend.Epilogue;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * Products with weight matrices, and what is done with each element before it is stored.
 *
 * <p>Many rows: a stretch of a panel is widened to float32 once and used for a block of rows. One
 * row: two panels are read straight from bfloat16, which is bound by memory alone. Both add the
 * same products in the same order.
 */
final class Gemm {
  /** Rows that share a widened stretch of a panel. */
  private static final int ROWS = 160;

  /** Length of that stretch: [128, 64] floats are 32 KB and stay in the first-level cache. */
  private static final int DEPTH = 128;

  private final WorkerPool pool;
  private final Scratch[] scratch;

  Gemm(WorkerPool pool, Scratch[] scratch) {
    this.pool = pool;
    this.scratch = scratch;
  }

  /** Where a product comes from and goes to. */
  private record Product(
      float[] x, PackedWeight w, float[] bias, Epilogue epilogue, float scale, float[] out) {

    /** Returns the columns of a row of the result. */
    int outSize() {
      return epilogue == Epilogue.SWIGLU ? w.out() / 2 : w.out();
    }

    /** Returns the panel that belongs to {@code panel} in the same task. */
    int partner(int panel) {
      return panel + w.panelsPerPart();
    }
  }

  /** Multiplies as {@link dev.longspan.kernels.backend.host.HostBackend#matmul} says. */
  void multiply(
      float[] x,
      int rows,
      PackedWeight w,
      float[] bias,
      Epilogue epilogue,
      float scale,
      float[] out) {
    if (epilogue == Epilogue.SWIGLU && w.out() % 2 != 0) {
      throw new IllegalArgumentException(
          "SWIGLU needs as many gate as up rows but the weight has " + w.out() + " rows");
    }
    Product product = new Product(x, w, bias, epilogue, scale, out);
    if (rows == 1 && w.isBf16()) {
      boolean paired = w.panels() > w.panelsPerPart();
      pool.run(w.panelsPerPart(), (task, worker) -> oneRow(product, task, paired, scratch[worker]));
      return;
    }
    int panels = epilogue == Epilogue.SWIGLU ? w.panelsPerPart() : w.panels();
    int blocks = (rows + ROWS - 1) / ROWS;
    pool.run(
        blocks * panels,
        (task, worker) -> {
          int first = task / panels * ROWS;
          block(product, first, Math.min(ROWS, rows - first), task % panels, scratch[worker]);
        });
  }

  private static void block(Product p, int firstRow, int rows, int panel, Scratch scratch) {
    boolean gated = p.epilogue == Epilogue.SWIGLU;
    int wide = Scratch.START;
    int sum = wide + DEPTH * WIDTH;
    int sum2 = sum + ROWS * WIDTH;
    float[] memory = scratch.floats(DEPTH * WIDTH + 2 * ROWS * WIDTH);
    Arrays.fill(memory, sum, sum + rows * WIDTH, 0);
    product(p, firstRow, rows, panel, scratch, memory, wide, sum);
    if (gated) {
      Arrays.fill(memory, sum2, sum2 + rows * WIDTH, 0);
      product(p, firstRow, rows, p.partner(panel), scratch, memory, wide, sum2);
    }
    for (int r = 0; r < rows; r++) {
      store(p, panel, memory, sum + r * WIDTH, sum2 + r * WIDTH, firstRow + r);
    }
  }

  private static void product(
      Product p,
      int firstRow,
      int rows,
      int panel,
      Scratch scratch,
      float[] memory,
      int wide,
      int sum) {
    int in = p.w.in();
    int[] from = scratch.from(rows);
    int[] to = scratch.to(rows);
    for (int r = 0; r < rows; r++) {
      from[r] = (firstRow + r) * in;
      to[r] = sum + r * WIDTH;
    }
    for (int k = 0; k < in; k += DEPTH) {
      int depth = Math.min(DEPTH, in - k);
      float[] b = memory;
      int bAt = wide;
      if (p.w.isBf16()) {
        p.w.unpack(panel, k, depth, memory, wide);
      } else {
        b = p.w.floats();
        bAt = p.w.index(panel, k);
      }
      Tile.multiplyAdd(rows, p.x, from, k, b, bAt, depth, memory, to, 0);
    }
  }

  private static void oneRow(Product p, int panel, boolean paired, Scratch scratch) {
    float[] memory = scratch.floats(2 * WIDTH);
    int sum = Scratch.START;
    int sum2 = sum + WIDTH;
    PackedWeight w = p.w;
    int partner = paired ? p.partner(panel) : panel;
    for (int j = 0; j < WIDTH / 2; j += 2 * L) {
      twoPanels(
          p.x,
          w.in(),
          w.pairs(),
          w.index(panel, 0) + j,
          w.index(partner, 0) + j,
          memory,
          sum + 2 * j);
    }
    store(p, panel, memory, sum, sum2, 0);
    if (paired && p.epilogue != Epilogue.SWIGLU) {
      store(p, partner, memory, sum2, sum2, 0);
    }
  }

  /**
   * Multiplies one row by two panels: eight independent chains hide the latency of the
   * multiply-add.
   */
  private static void twoPanels(
      float[] x, int in, int[] pairs, int at, int at2, float[] sum, int to) {
    FloatVector a0 = FloatVector.zero(F);
    FloatVector a1 = a0;
    FloatVector a2 = a0;
    FloatVector a3 = a0;
    FloatVector b0 = a0;
    FloatVector b1 = a0;
    FloatVector b2 = a0;
    FloatVector b3 = a0;
    for (int k = 0; k < in; k++) {
      FloatVector v = FloatVector.broadcast(F, x[k]);
      IntVector pair = IntVector.fromArray(I, pairs, at + k * (WIDTH / 2));
      a0 = v.fma(PackedWeight.low(pair), a0);
      a1 = v.fma(PackedWeight.high(pair), a1);
      pair = IntVector.fromArray(I, pairs, at + k * (WIDTH / 2) + L);
      a2 = v.fma(PackedWeight.low(pair), a2);
      a3 = v.fma(PackedWeight.high(pair), a3);
      pair = IntVector.fromArray(I, pairs, at2 + k * (WIDTH / 2));
      b0 = v.fma(PackedWeight.low(pair), b0);
      b1 = v.fma(PackedWeight.high(pair), b1);
      pair = IntVector.fromArray(I, pairs, at2 + k * (WIDTH / 2) + L);
      b2 = v.fma(PackedWeight.low(pair), b2);
      b3 = v.fma(PackedWeight.high(pair), b3);
    }
    a0.intoArray(sum, to);
    a1.intoArray(sum, to + L);
    a2.intoArray(sum, to + 2 * L);
    a3.intoArray(sum, to + 3 * L);
    b0.intoArray(sum, to + WIDTH);
    b1.intoArray(sum, to + WIDTH + L);
    b2.intoArray(sum, to + WIDTH + 2 * L);
    b3.intoArray(sum, to + WIDTH + 3 * L);
  }

  /** Stores 64 sums of a row; for SWIGLU they are the gate's and those at {@code upAt} the up's. */
  private static void store(Product p, int panel, float[] sums, int at, int upAt, int row) {
    int first = p.w.firstOut(panel);
    int n = p.w.columns(panel);
    int to = row * p.outSize() + first;
    if (p.bias != null) {
      add(sums, at, p.bias, first, n);
    }
    switch (p.epilogue) {
      case STORE -> System.arraycopy(sums, at, p.out, to, n);
      case ADD_SCALED -> addScaled(p.out, to, p.scale, sums, at, n);
      case SWIGLU -> {
        if (p.bias != null) {
          add(sums, upAt, p.bias, first + p.outSize(), n);
        }
        gate(sums, at, upAt);
        System.arraycopy(sums, at, p.out, to, n);
      }
      default -> throw new IllegalArgumentException("epilogue " + p.epilogue);
    }
  }

  private static void add(float[] sums, int at, float[] bias, int first, int n) {
    for (int i = 0; i < n; i++) {
      sums[at + i] += bias[first + i];
    }
  }

  private static void addScaled(float[] out, int to, float scale, float[] sums, int at, int n) {
    int i = 0;
    for (; i + L <= n; i += L) {
      FloatVector.fromArray(F, sums, at + i)
          .fma(FloatVector.broadcast(F, scale), FloatVector.fromArray(F, out, to + i))
          .intoArray(out, to + i);
    }
    for (; i < n; i++) {
      out[to + i] = Math.fma(sums[at + i], scale, out[to + i]);
    }
  }

  /** Replaces 64 gates g by g / (1 + e^-g) * up. */
  private static void gate(float[] sums, int at, int upAt) {
    for (int i = 0; i < WIDTH; i += L) {
      FloatVector g = FloatVector.fromArray(F, sums, at + i);
      FloatVector e = VectorMath.exp2(g.mul(-LOG2_E));
      g.div(e.add(1f)).mul(FloatVector.fromArray(F, sums, upAt + i)).intoArray(sums, at + i);
    }
  }
}
