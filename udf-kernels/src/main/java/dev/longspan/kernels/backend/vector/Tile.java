package dev.longspan.kernels.backend.vector;

import static dev.longspan.kernels.backend.vector.VectorMath.F;
import static dev.longspan.kernels.backend.vector.VectorMath.L;

import jdk.incubator.vector.FloatVector;

/**
 * The register kernels under every product: C [rows, 64] += A [rows, k] B [k, 64].
 *
 * <p>B is a panel: 64 columns, one row after another. A's values are broadcast, B's rows are
 * vectors and C stays in registers. Whatever the number of rows and the vector length, an element
 * of C is one chain of fused multiply-adds over ascending k; so a row's result does not depend on
 * the rows beside it.
 *
 * <p>With 512-bit vectors a tile is 5 x 4 registers: of the shapes that fit 32 registers this is
 * the one that C2 compiles without spills, and it reaches 97 % of the multiply-add rate. Shorter
 * vectors come with 16 registers as a rule and use 5 x 2.
 */
final class Tile {
  /** Columns of a panel. */
  static final int WIDTH = 64;

  static final boolean WIDE = 4 * L == WIDTH;

  private Tile() {}

  /**
   * Adds the product of {@code rows} rows and a panel.
   *
   * @param from where each row of A starts in {@code a}, less {@code fromShift}
   * @param b the panel, [k, 64] from {@code bAt}
   * @param to where each row of C starts in {@code c}, less {@code toShift}
   */
  static void multiplyAdd(
      int rows,
      float[] a,
      int[] from,
      int fromShift,
      float[] b,
      int bAt,
      int k,
      float[] c,
      int[] to,
      int toShift) {
    if (WIDE) {
      wide(rows, a, from, fromShift, b, bAt, k, c, to, toShift);
    } else {
      narrow(rows, a, from, fromShift, b, bAt, k, c, to, toShift);
    }
  }

  /** Does it with the kernels for 32 registers, whose four vectors must be the panel's width. */
  static void wide(
      int rows,
      float[] a,
      int[] from,
      int fromShift,
      float[] b,
      int bAt,
      int k,
      float[] c,
      int[] to,
      int toShift) {
    int r = 0;
    for (; r + 4 < rows; r += 5) {
      wide5(a, from, fromShift, r, b, bAt, k, c, to, toShift);
    }
    for (; r + 1 < rows; r += 2) {
      wide2(a, from, fromShift, r, b, bAt, k, c, to, toShift);
    }
    if (r < rows) {
      wide1(a, from, fromShift, r, b, bAt, k, c, to, toShift);
    }
  }

  /** Does it with the kernels for 16 registers. */
  static void narrow(
      int rows,
      float[] a,
      int[] from,
      int fromShift,
      float[] b,
      int bAt,
      int k,
      float[] c,
      int[] to,
      int toShift) {
    int r = 0;
    for (; r + 4 < rows; r += 5) {
      for (int j = 0; j < WIDTH; j += 2 * L) {
        narrow5(a, from, fromShift, r, b, bAt + j, k, c, to, toShift + j);
      }
    }
    for (; r < rows; r++) {
      for (int j = 0; j < WIDTH; j += 2 * L) {
        narrow1(a, from, fromShift, r, b, bAt + j, k, c, to, toShift + j);
      }
    }
  }

  private static void wide5(
      float[] a,
      int[] from,
      int fromShift,
      int r,
      float[] b,
      int bAt,
      int k,
      float[] c,
      int[] to,
      int toShift) {
    int a0 = from[r] + fromShift;
    int a1 = from[r + 1] + fromShift;
    int a2 = from[r + 2] + fromShift;
    int a3 = from[r + 3] + fromShift;
    int a4 = from[r + 4] + fromShift;
    FloatVector c00 = FloatVector.fromArray(F, c, to[r] + toShift);
    FloatVector c01 = FloatVector.fromArray(F, c, to[r] + toShift + L);
    FloatVector c02 = FloatVector.fromArray(F, c, to[r] + toShift + 2 * L);
    FloatVector c03 = FloatVector.fromArray(F, c, to[r] + toShift + 3 * L);
    FloatVector c10 = FloatVector.fromArray(F, c, to[r + 1] + toShift);
    FloatVector c11 = FloatVector.fromArray(F, c, to[r + 1] + toShift + L);
    FloatVector c12 = FloatVector.fromArray(F, c, to[r + 1] + toShift + 2 * L);
    FloatVector c13 = FloatVector.fromArray(F, c, to[r + 1] + toShift + 3 * L);
    FloatVector c20 = FloatVector.fromArray(F, c, to[r + 2] + toShift);
    FloatVector c21 = FloatVector.fromArray(F, c, to[r + 2] + toShift + L);
    FloatVector c22 = FloatVector.fromArray(F, c, to[r + 2] + toShift + 2 * L);
    FloatVector c23 = FloatVector.fromArray(F, c, to[r + 2] + toShift + 3 * L);
    FloatVector c30 = FloatVector.fromArray(F, c, to[r + 3] + toShift);
    FloatVector c31 = FloatVector.fromArray(F, c, to[r + 3] + toShift + L);
    FloatVector c32 = FloatVector.fromArray(F, c, to[r + 3] + toShift + 2 * L);
    FloatVector c33 = FloatVector.fromArray(F, c, to[r + 3] + toShift + 3 * L);
    FloatVector c40 = FloatVector.fromArray(F, c, to[r + 4] + toShift);
    FloatVector c41 = FloatVector.fromArray(F, c, to[r + 4] + toShift + L);
    FloatVector c42 = FloatVector.fromArray(F, c, to[r + 4] + toShift + 2 * L);
    FloatVector c43 = FloatVector.fromArray(F, c, to[r + 4] + toShift + 3 * L);
    for (int i = 0; i < k; i++) {
      int j = bAt + i * WIDTH;
      FloatVector b0 = FloatVector.fromArray(F, b, j);
      FloatVector b1 = FloatVector.fromArray(F, b, j + L);
      FloatVector b2 = FloatVector.fromArray(F, b, j + 2 * L);
      FloatVector b3 = FloatVector.fromArray(F, b, j + 3 * L);
      FloatVector x = FloatVector.broadcast(F, a[a0 + i]);
      c00 = x.fma(b0, c00);
      c01 = x.fma(b1, c01);
      c02 = x.fma(b2, c02);
      c03 = x.fma(b3, c03);
      x = FloatVector.broadcast(F, a[a1 + i]);
      c10 = x.fma(b0, c10);
      c11 = x.fma(b1, c11);
      c12 = x.fma(b2, c12);
      c13 = x.fma(b3, c13);
      x = FloatVector.broadcast(F, a[a2 + i]);
      c20 = x.fma(b0, c20);
      c21 = x.fma(b1, c21);
      c22 = x.fma(b2, c22);
      c23 = x.fma(b3, c23);
      x = FloatVector.broadcast(F, a[a3 + i]);
      c30 = x.fma(b0, c30);
      c31 = x.fma(b1, c31);
      c32 = x.fma(b2, c32);
      c33 = x.fma(b3, c33);
      x = FloatVector.broadcast(F, a[a4 + i]);
      c40 = x.fma(b0, c40);
      c41 = x.fma(b1, c41);
      c42 = x.fma(b2, c42);
      c43 = x.fma(b3, c43);
    }
    c00.intoArray(c, to[r] + toShift);
    c01.intoArray(c, to[r] + toShift + L);
    c02.intoArray(c, to[r] + toShift + 2 * L);
    c03.intoArray(c, to[r] + toShift + 3 * L);
    c10.intoArray(c, to[r + 1] + toShift);
    c11.intoArray(c, to[r + 1] + toShift + L);
    c12.intoArray(c, to[r + 1] + toShift + 2 * L);
    c13.intoArray(c, to[r + 1] + toShift + 3 * L);
    c20.intoArray(c, to[r + 2] + toShift);
    c21.intoArray(c, to[r + 2] + toShift + L);
    c22.intoArray(c, to[r + 2] + toShift + 2 * L);
    c23.intoArray(c, to[r + 2] + toShift + 3 * L);
    c30.intoArray(c, to[r + 3] + toShift);
    c31.intoArray(c, to[r + 3] + toShift + L);
    c32.intoArray(c, to[r + 3] + toShift + 2 * L);
    c33.intoArray(c, to[r + 3] + toShift + 3 * L);
    c40.intoArray(c, to[r + 4] + toShift);
    c41.intoArray(c, to[r + 4] + toShift + L);
    c42.intoArray(c, to[r + 4] + toShift + 2 * L);
    c43.intoArray(c, to[r + 4] + toShift + 3 * L);
  }

  private static void wide2(
      float[] a,
      int[] from,
      int fromShift,
      int r,
      float[] b,
      int bAt,
      int k,
      float[] c,
      int[] to,
      int toShift) {
    int a0 = from[r] + fromShift;
    int a1 = from[r + 1] + fromShift;
    FloatVector c00 = FloatVector.fromArray(F, c, to[r] + toShift);
    FloatVector c01 = FloatVector.fromArray(F, c, to[r] + toShift + L);
    FloatVector c02 = FloatVector.fromArray(F, c, to[r] + toShift + 2 * L);
    FloatVector c03 = FloatVector.fromArray(F, c, to[r] + toShift + 3 * L);
    FloatVector c10 = FloatVector.fromArray(F, c, to[r + 1] + toShift);
    FloatVector c11 = FloatVector.fromArray(F, c, to[r + 1] + toShift + L);
    FloatVector c12 = FloatVector.fromArray(F, c, to[r + 1] + toShift + 2 * L);
    FloatVector c13 = FloatVector.fromArray(F, c, to[r + 1] + toShift + 3 * L);
    for (int i = 0; i < k; i++) {
      int j = bAt + i * WIDTH;
      FloatVector b0 = FloatVector.fromArray(F, b, j);
      FloatVector b1 = FloatVector.fromArray(F, b, j + L);
      FloatVector b2 = FloatVector.fromArray(F, b, j + 2 * L);
      FloatVector b3 = FloatVector.fromArray(F, b, j + 3 * L);
      FloatVector x = FloatVector.broadcast(F, a[a0 + i]);
      c00 = x.fma(b0, c00);
      c01 = x.fma(b1, c01);
      c02 = x.fma(b2, c02);
      c03 = x.fma(b3, c03);
      x = FloatVector.broadcast(F, a[a1 + i]);
      c10 = x.fma(b0, c10);
      c11 = x.fma(b1, c11);
      c12 = x.fma(b2, c12);
      c13 = x.fma(b3, c13);
    }
    c00.intoArray(c, to[r] + toShift);
    c01.intoArray(c, to[r] + toShift + L);
    c02.intoArray(c, to[r] + toShift + 2 * L);
    c03.intoArray(c, to[r] + toShift + 3 * L);
    c10.intoArray(c, to[r + 1] + toShift);
    c11.intoArray(c, to[r + 1] + toShift + L);
    c12.intoArray(c, to[r + 1] + toShift + 2 * L);
    c13.intoArray(c, to[r + 1] + toShift + 3 * L);
  }

  private static void wide1(
      float[] a,
      int[] from,
      int fromShift,
      int r,
      float[] b,
      int bAt,
      int k,
      float[] c,
      int[] to,
      int toShift) {
    int a0 = from[r] + fromShift;
    FloatVector c00 = FloatVector.fromArray(F, c, to[r] + toShift);
    FloatVector c01 = FloatVector.fromArray(F, c, to[r] + toShift + L);
    FloatVector c02 = FloatVector.fromArray(F, c, to[r] + toShift + 2 * L);
    FloatVector c03 = FloatVector.fromArray(F, c, to[r] + toShift + 3 * L);
    for (int i = 0; i < k; i++) {
      int j = bAt + i * WIDTH;
      FloatVector b0 = FloatVector.fromArray(F, b, j);
      FloatVector b1 = FloatVector.fromArray(F, b, j + L);
      FloatVector b2 = FloatVector.fromArray(F, b, j + 2 * L);
      FloatVector b3 = FloatVector.fromArray(F, b, j + 3 * L);
      FloatVector x = FloatVector.broadcast(F, a[a0 + i]);
      c00 = x.fma(b0, c00);
      c01 = x.fma(b1, c01);
      c02 = x.fma(b2, c02);
      c03 = x.fma(b3, c03);
    }
    c00.intoArray(c, to[r] + toShift);
    c01.intoArray(c, to[r] + toShift + L);
    c02.intoArray(c, to[r] + toShift + 2 * L);
    c03.intoArray(c, to[r] + toShift + 3 * L);
  }

  private static void narrow5(
      float[] a,
      int[] from,
      int fromShift,
      int r,
      float[] b,
      int bAt,
      int k,
      float[] c,
      int[] to,
      int toShift) {
    int a0 = from[r] + fromShift;
    int a1 = from[r + 1] + fromShift;
    int a2 = from[r + 2] + fromShift;
    int a3 = from[r + 3] + fromShift;
    int a4 = from[r + 4] + fromShift;
    FloatVector c00 = FloatVector.fromArray(F, c, to[r] + toShift);
    FloatVector c01 = FloatVector.fromArray(F, c, to[r] + toShift + L);
    FloatVector c10 = FloatVector.fromArray(F, c, to[r + 1] + toShift);
    FloatVector c11 = FloatVector.fromArray(F, c, to[r + 1] + toShift + L);
    FloatVector c20 = FloatVector.fromArray(F, c, to[r + 2] + toShift);
    FloatVector c21 = FloatVector.fromArray(F, c, to[r + 2] + toShift + L);
    FloatVector c30 = FloatVector.fromArray(F, c, to[r + 3] + toShift);
    FloatVector c31 = FloatVector.fromArray(F, c, to[r + 3] + toShift + L);
    FloatVector c40 = FloatVector.fromArray(F, c, to[r + 4] + toShift);
    FloatVector c41 = FloatVector.fromArray(F, c, to[r + 4] + toShift + L);
    for (int i = 0; i < k; i++) {
      int j = bAt + i * WIDTH;
      FloatVector b0 = FloatVector.fromArray(F, b, j);
      FloatVector b1 = FloatVector.fromArray(F, b, j + L);
      FloatVector x = FloatVector.broadcast(F, a[a0 + i]);
      c00 = x.fma(b0, c00);
      c01 = x.fma(b1, c01);
      x = FloatVector.broadcast(F, a[a1 + i]);
      c10 = x.fma(b0, c10);
      c11 = x.fma(b1, c11);
      x = FloatVector.broadcast(F, a[a2 + i]);
      c20 = x.fma(b0, c20);
      c21 = x.fma(b1, c21);
      x = FloatVector.broadcast(F, a[a3 + i]);
      c30 = x.fma(b0, c30);
      c31 = x.fma(b1, c31);
      x = FloatVector.broadcast(F, a[a4 + i]);
      c40 = x.fma(b0, c40);
      c41 = x.fma(b1, c41);
    }
    c00.intoArray(c, to[r] + toShift);
    c01.intoArray(c, to[r] + toShift + L);
    c10.intoArray(c, to[r + 1] + toShift);
    c11.intoArray(c, to[r + 1] + toShift + L);
    c20.intoArray(c, to[r + 2] + toShift);
    c21.intoArray(c, to[r + 2] + toShift + L);
    c30.intoArray(c, to[r + 3] + toShift);
    c31.intoArray(c, to[r + 3] + toShift + L);
    c40.intoArray(c, to[r + 4] + toShift);
    c41.intoArray(c, to[r + 4] + toShift + L);
  }

  private static void narrow1(
      float[] a,
      int[] from,
      int fromShift,
      int r,
      float[] b,
      int bAt,
      int k,
      float[] c,
      int[] to,
      int toShift) {
    int a0 = from[r] + fromShift;
    FloatVector c00 = FloatVector.fromArray(F, c, to[r] + toShift);
    FloatVector c01 = FloatVector.fromArray(F, c, to[r] + toShift + L);
    for (int i = 0; i < k; i++) {
      int j = bAt + i * WIDTH;
      FloatVector b0 = FloatVector.fromArray(F, b, j);
      FloatVector b1 = FloatVector.fromArray(F, b, j + L);
      FloatVector x = FloatVector.broadcast(F, a[a0 + i]);
      c00 = x.fma(b0, c00);
      c01 = x.fma(b1, c01);
    }
    c00.intoArray(c, to[r] + toShift);
    c01.intoArray(c, to[r] + toShift + L);
  }
}
