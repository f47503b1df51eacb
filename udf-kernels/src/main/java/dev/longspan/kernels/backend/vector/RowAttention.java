package dev.longspan.kernels.backend.vector;

import static dev.longspan.kernels.backend.vector.Tile.WIDTH;
import static dev.longspan.kernels.backend.vector.VectorMath.F;
import static dev.longspan.kernels.backend.vector.VectorMath.L;
import static dev.longspan.kernels.backend.vector.VectorMath.LOG2_E;

import dev.longspan.kernels.backend.KvStore;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Softmax attention of a block of rows (query tokens times heads of one group), page after page.
 *
 * <p>The softmax is online: a row holds a reference, the sum of 2^(score - reference) and the sum
 * of the values weighted so. The reference is raised, and the sums scaled down, only when a score
 * reaches it, and then to 8 above the score: seldom, and no power is above 1. For one row the
 * operations depend on its own pages and their order alone: dense or sparse, one shot, chunks or
 * token by token give the same bits wherever the pages are the same.
 */
final class RowAttention {
  private static final int GROUP = 5;
  private static final int PAGE = KvStore.PAGE;
  private static final float HEADROOM = 8;

  private final int dim;
  private final int panels;
  private final float scale;
  private final Scratch scratch = new Scratch();
  private float[] memory;
  private int capacity;
  private int scoreAt;
  private int sumAt;
  private int outAt;
  private int queryAt;

  private float[] reference = new float[0];

  // The rows that attend to the current page, and how many of its keys each may see.
  private int[] row = new int[0];
  private int[] visible = new int[0];
  private int active;

  private final int[] from = new int[GROUP];
  private final int[] scoreTo = new int[GROUP];
  private final int[] outTo = new int[GROUP];

  /** Creates the state for heads of {@code dim} elements. */
  RowAttention(int dim) {
    this.dim = dim;
    panels = (dim + WIDTH - 1) / WIDTH;
    scale = (float) (1 / Math.sqrt(dim)) * LOG2_E;
  }

  /** Starts {@code rows} rows. */
  void start(int rows) {
    if (capacity < rows) {
      capacity = rows;
      reference = new float[rows];
      row = new int[rows];
      visible = new int[rows];
    }
    int outSize = panels * WIDTH;
    scoreAt = Scratch.START;
    sumAt = scoreAt + GROUP * PAGE;
    outAt = sumAt + capacity * L;
    queryAt = outAt + capacity * outSize;
    memory = scratch.floats(GROUP * PAGE + capacity * (L + outSize + dim));
    Arrays.fill(memory, sumAt, sumAt + rows * L, 0);
    Arrays.fill(memory, outAt, outAt + rows * outSize, 0);
    Arrays.fill(reference, 0, rows, Float.NEGATIVE_INFINITY);
    active = 0;
  }

  /** Takes a row's query. It is copied: the rows of a tile lie close together then. */
  void query(int index, float[] from, int at) {
    System.arraycopy(from, at, memory, queryAt + index * dim, dim);
  }

  /** Lets a row attend to the first {@code keys} keys, at least one, of the next page. */
  void attend(int index, int keys) {
    row[active] = index;
    visible[active] = Math.min(keys, PAGE);
    active++;
  }

  /** Adds a page to the rows named since the last one. */
  void page(float[] kv, int keyAt, int valueAt) {
    for (int first = 0; first < active; first += GROUP) {
      int rows = Math.min(GROUP, active - first);
      int common = PAGE;
      for (int i = 0; i < rows; i++) {
        int r = row[first + i];
        from[i] = queryAt + r * dim;
        scoreTo[i] = scoreAt + i * PAGE;
        outTo[i] = outAt + r * panels * WIDTH;
        common = Math.min(common, visible[first + i]);
      }
      Arrays.fill(memory, scoreAt, scoreAt + rows * PAGE, 0);
      Tile.multiplyAdd(rows, memory, from, 0, kv, keyAt, dim, memory, scoreTo, 0);
      for (int i = 0; i < rows; i++) {
        softmax(row[first + i], scoreTo[i], visible[first + i]);
      }
      addValues(rows, kv, valueAt, 0, common);
      for (int i = 0; i < rows; i++) {
        // On the page of the token itself, neighbours see different numbers of keys.
        int rest = visible[first + i] - common;
        if (rest > 0) {
          scoreTo[0] = scoreAt + i * PAGE;
          outTo[0] = outAt + row[first + i] * panels * WIDTH;
          addValues(1, kv, valueAt, common, rest);
        }
      }
    }
    active = 0;
  }

  /** Adds {@code keys} weighted values from {@code first} to the first {@code rows} of a group. */
  private void addValues(int rows, float[] kv, int valueAt, int first, int keys) {
    for (int p = 0; p < panels; p++) {
      int at = valueAt + (p * PAGE + first) * WIDTH;
      Tile.multiplyAdd(rows, memory, scoreTo, first, kv, at, keys, memory, outTo, p * WIDTH);
    }
  }

  /** Turns a row's scores into weights, raising its reference where needed. */
  private void softmax(int r, int at, int keys) {
    if (keys < PAGE) {
      Arrays.fill(memory, at + keys, at + PAGE, Float.NEGATIVE_INFINITY);
    }
    if (!allBelow(memory, at, scale, reference[r])) {
      raise(r, at, keys);
    }
    weigh(memory, at, scale, reference[r], sumAt + r * L);
  }

  /** Returns whether every scaled score is below the reference; false for NaN scores too. */
  private static boolean allBelow(float[] s, int at, float scale, float reference) {
    FloatVector c = FloatVector.broadcast(F, scale);
    FloatVector m = FloatVector.broadcast(F, -reference);
    // A float is below zero where its bits, read as int, are: one instruction to combine.
    IntVector top = FloatVector.fromArray(F, s, at).fma(c, m).reinterpretAsInts();
    for (int j = L; j < PAGE; j += L) {
      top = top.max(FloatVector.fromArray(F, s, at + j).fma(c, m).reinterpretAsInts());
    }
    return top.compare(VectorOperators.LT, 0).allTrue();
  }

  private void raise(int r, int at, int keys) {
    float top = memory[at];
    for (int j = 1; j < keys; j++) {
      top = Math.max(top, memory[at + j]);
    }
    float raised = Math.fma(top, scale, HEADROOM);
    float shrink = VectorMath.exp2(reference[r] - raised);
    reference[r] = raised;
    multiply(memory, sumAt + r * L, L, shrink);
    multiply(memory, outAt + r * panels * WIDTH, panels * WIDTH, shrink);
  }

  private static void multiply(float[] x, int at, int count, float factor) {
    for (int j = 0; j < count; j += L) {
      FloatVector.fromArray(F, x, at + j).mul(factor).intoArray(x, at + j);
    }
  }

  private static void weigh(float[] s, int at, float scale, float reference, int sumAt) {
    FloatVector c = FloatVector.broadcast(F, scale);
    FloatVector m = FloatVector.broadcast(F, -reference);
    FloatVector sum = FloatVector.fromArray(F, s, sumAt);
    for (int j = 0; j < PAGE; j += L) {
      FloatVector p = VectorMath.exp2Negative(FloatVector.fromArray(F, s, at + j).fma(c, m));
      p.intoArray(s, at + j);
      sum = sum.add(p);
    }
    sum.intoArray(s, sumAt);
  }

  /** Writes a row's result, [headDim], to {@code to}. */
  void result(int r, float[] to, int toAt) {
    float inverse = 1 / VectorMath.sum(memory, sumAt + r * L);
    int at = outAt + r * panels * WIDTH;
    multiply(memory, at, panels * WIDTH, inverse);
    System.arraycopy(memory, at, to, toAt, dim);
  }
}
