package dev.longspan.kernels.backend.vector;

import static dev.longspan.kernels.backend.vector.CompressedPanels.PAGES;
import static dev.longspan.kernels.backend.vector.Tile.WIDTH;
import static dev.longspan.kernels.backend.vector.VectorKvStore.FINE;
import static dev.longspan.kernels.backend.vector.VectorKvStore.STRIDE;
import static dev.longspan.kernels.backend.vector.VectorMath.F;
import static dev.longspan.kernels.backend.vector.VectorMath.I;
import static dev.longspan.kernels.backend.vector.VectorMath.L;
import static dev.longspan.kernels.backend.vector.VectorMath.LOG2_E;

import dev.longspan.kernels.backend.KvStore;
import dev.longspan.kernels.checkpoint.Dtype;
import dev.longspan.kernels.model.SparseConfig;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Stage 1 of InfLLM-V2: which blocks a token's queries of one KV head attend to.
 *
 * <p>Fine window f (numbered by its last token: it ends with token 16 f + 15) is column f mod 4 of
 * page f / 4. Scores are kept in that order, one plane for each column, so that pooling over the
 * windows of a block is a maximum of vectors. Block scores are non-negative floats and are compared
 * by their bits; {@link #INVISIBLE} lies below all of them.
 */
final class BlockSelector {
  /** Bits of the score of a window that the token may not see, and of a block without any. */
  private static final int INVISIBLE = -1;

  /** Bits of a block that takes no part in the selection by score. */
  private static final int EXCLUDED = -2;

  private final int dim;
  private final float scale;
  private final Scratch scratch = new Scratch();
  private final float[] lanes = new float[L];
  private float[] memory;
  private int[] pooled = new int[0];

  // Layout of memory: scores of the rows over fine and coarse windows, then four planes.
  private int finePanels;
  private int coarsePanels;
  private int rowSize;
  private int planeAt;
  private int planeSize;

  BlockSelector(int dim) {
    this.dim = dim;
    scale = (float) (1 / Math.sqrt(dim)) * LOG2_E;
  }

  /** Returns the tokens to score together: enough rows for the register kernel. */
  static int tokens(int group) {
    return Math.max(1, 10 / group);
  }

  /**
   * Scores the windows for the rows of some tokens.
   *
   * @param from where the rows' queries start in {@code qkv}: token by token, head by head
   * @param lastPosition the highest position among them
   */
  void score(
      float[] qkv,
      int[] from,
      int rows,
      int lastPosition,
      SparseConfig config,
      CompressedPanels keys,
      int layer,
      int kvHead) {
    int visible = (lastPosition + 1) / STRIDE;
    finePanels = (visible + WIDTH - 1) / WIDTH;
    coarsePanels = config.exactNormaliser() ? 0 : (visible / FINE + WIDTH - 1) / WIDTH;
    rowSize = (finePanels + coarsePanels) * WIDTH;
    int overlap = config.kernelSize() / STRIDE;
    // A window may reach into a later block: pooling looks that far behind the last page.
    planeSize = (finePanels + 1) * PAGES + (overlap + FINE) / FINE * L + L;
    planeAt = Scratch.START + rows * rowSize;
    memory = scratch.floats(rows * rowSize + FINE * planeSize);
    Arrays.fill(memory, Scratch.START, planeAt, 0);
    int[] to = scratch.to(rows);
    for (int r = 0; r < rows; r++) {
      to[r] = Scratch.START + r * rowSize;
    }
    for (int p = 0; p < finePanels; p++) {
      int at = keys.at(layer, kvHead, p);
      Tile.multiplyAdd(rows, qkv, from, 0, keys.fine(), at, dim, memory, to, p * WIDTH);
    }
    for (int p = 0; p < coarsePanels; p++) {
      int at = keys.at(layer, kvHead, p);
      int shift = (finePanels + p) * WIDTH;
      Tile.multiplyAdd(rows, qkv, from, 0, keys.coarse(), at, dim, memory, to, shift);
    }
  }

  /**
   * Selects the blocks of one of the tokens scored.
   *
   * @param firstRow its first row
   * @param group its rows
   * @param blocks where the blocks go, ascending, from {@code at}
   * @return how many
   */
  int select(int firstRow, int group, int position, SparseConfig config, int[] blocks, int at) {
    int current = position / KvStore.PAGE;
    int local = Math.max(0, current - config.localBlocks());
    int init = Math.min(config.initBlocks(), local);
    int left = Math.min(config.selectedBlocks(), current + 1) - init - (current + 1 - local);
    int n = at;
    for (int b = 0; b < init; b++) {
      blocks[n++] = b;
    }
    if (left >= local - init) {
      for (int b = init; b < local; b++) {
        blocks[n++] = b;
      }
    } else if (left > 0) {
      sumHeads(firstRow, group, position, config);
      pool(current, init, local, config.kernelSize() / STRIDE);
      n = best(left, init, local, blocks, n);
    }
    for (int b = local; b <= current; b++) {
      blocks[n++] = b;
    }
    return n - at;
  }

  /** Adds up the heads' normalised window scores in the planes. */
  private void sumHeads(int firstRow, int group, int position, SparseConfig config) {
    int hidden = config.kernelSize() / STRIDE - 1;
    int visible = (position + 1) / STRIDE;
    int visiblePanels = (visible + WIDTH - 1) / WIDTH;
    int visiblePages = (position + 1) / KvStore.PAGE;
    for (int s = 0; s < FINE; s++) {
      Arrays.fill(memory, plane(s), plane(s) + visiblePanels * PAGES, 0);
    }
    for (int g = 0; g < group && visible > hidden; g++) {
      int row = Scratch.START + (firstRow + g) * rowSize;
      for (int f = 0; f < hidden; f++) {
        memory[row + column(f)] = Float.NEGATIVE_INFINITY;
      }
      int last = (visiblePanels - 1) * PAGES;
      for (int s = 0; s < FINE; s++) {
        // The last panel's columns of slot s from the first page whose window is not complete.
        int at = row + last * FINE + s * PAGES;
        int from = at + (visible - s + FINE - 1) / FINE - last;
        Arrays.fill(memory, from, at + PAGES, Float.NEGATIVE_INFINITY);
      }
      int count = visiblePanels * WIDTH;
      // The normaliser's largest exponent is -1: a factor of two in weights and total alike.
      float total;
      if (config.exactNormaliser()) {
        float reference = Math.fma(max(memory, row, count), scale, 1);
        total = weighBelow(memory, row, count, scale, reference, lanes);
      } else if (visiblePages <= hidden) {
        continue;
      } else {
        int coarse = row + finePanels * WIDTH;
        int coarseCount = (visiblePages + WIDTH - 1) / WIDTH * WIDTH;
        Arrays.fill(memory, coarse, coarse + hidden, Float.NEGATIVE_INFINITY);
        Arrays.fill(memory, coarse + visiblePages, coarse + coarseCount, Float.NEGATIVE_INFINITY);
        float reference = Math.fma(max(memory, coarse, coarseCount), scale, 1);
        total = weighBelow(memory, coarse, coarseCount, scale, reference, lanes);
        weigh(memory, row, count, scale, reference);
      }
      for (int p = 0; p < visiblePanels; p++) {
        for (int s = 0; s < FINE; s++) {
          int from = row + p * WIDTH + s * PAGES;
          addScaled(memory, from, 1 / total, plane(s) + p * PAGES);
        }
      }
    }
    if (config.roundScores()) {
      for (int s = 0; s < FINE; s++) {
        for (int i = plane(s); i < plane(s) + visiblePanels * PAGES; i++) {
          memory[i] = Dtype.fromBf16(Dtype.bf16(memory[i]));
        }
      }
    }
    for (int f = 0; f < hidden; f++) {
      memory[plane(f % FINE) + f / FINE] = Float.intBitsToFloat(INVISIBLE);
    }
    for (int s = 0; s < FINE; s++) {
      int from = plane(s) + (visible - s + FINE - 1) / FINE;
      Arrays.fill(memory, from, plane(s) + planeSize, Float.intBitsToFloat(INVISIBLE));
    }
  }

  private int plane(int s) {
    return planeAt + s * planeSize;
  }

  /** Returns where window {@code f} is in a row of scores. */
  private static int column(int f) {
    int page = f / FINE;
    return page / PAGES * WIDTH + f % FINE * PAGES + page % PAGES;
  }

  /** Returns the largest of {@code count} scores, a multiple of 64. */
  private static float max(float[] s, int at, int count) {
    // Four at a time: a maximum that honours NaN is six dependent instructions.
    FloatVector a = FloatVector.fromArray(F, s, at);
    FloatVector b = a;
    FloatVector c = a;
    FloatVector d = a;
    for (int j = 0; j < count; j += 4 * L) {
      a = a.max(FloatVector.fromArray(F, s, at + j));
      b = b.max(FloatVector.fromArray(F, s, at + j + L));
      c = c.max(FloatVector.fromArray(F, s, at + j + 2 * L));
      d = d.max(FloatVector.fromArray(F, s, at + j + 3 * L));
    }
    return a.max(b).max(c.max(d)).reduceLanes(VectorOperators.MAX);
  }

  /**
   * Replaces scores by 2^(scale * score - reference), where all of these exponents are negative,
   * and returns their sum.
   */
  private static float weighBelow(
      float[] s, int at, int count, float scale, float reference, float[] lanes) {
    FloatVector sum = FloatVector.zero(F);
    FloatVector c = FloatVector.broadcast(F, scale);
    FloatVector m = FloatVector.broadcast(F, -reference);
    for (int j = 0; j < count; j += L) {
      FloatVector p = VectorMath.exp2Negative(FloatVector.fromArray(F, s, at + j).fma(c, m));
      p.intoArray(s, at + j);
      sum = sum.add(p);
    }
    sum.intoArray(lanes, 0);
    return VectorMath.sum(lanes, 0);
  }

  /** Replaces scores by 2^(scale * score - reference), whatever their size. */
  private static void weigh(float[] s, int at, int count, float scale, float reference) {
    FloatVector c = FloatVector.broadcast(F, scale);
    FloatVector m = FloatVector.broadcast(F, -reference);
    for (int j = 0; j < count; j += L) {
      VectorMath.exp2(FloatVector.fromArray(F, s, at + j).fma(c, m)).intoArray(s, at + j);
    }
  }

  private static void addScaled(float[] s, int from, float factor, int to) {
    for (int j = 0; j < PAGES; j += L) {
      FloatVector.fromArray(F, s, from + j)
          .fma(FloatVector.broadcast(F, factor), FloatVector.fromArray(F, s, to + j))
          .intoArray(s, to + j);
    }
  }

  /** Writes the bits of each block's score; those outside [init, local) are excluded. */
  private void pool(int current, int init, int local, int overlap) {
    int size = (current + L) / L * L;
    if (pooled.length < size) {
      pooled = new int[2 * size];
    }
    for (int b = 0; b < size; b += L) {
      IntVector max = IntVector.broadcast(I, INVISIBLE);
      // Block b overlaps the windows that end in it and the next ones that begin in it.
      for (int e = 0; e < FINE + overlap - 1; e++) {
        int at = plane(e % FINE) + b + e / FINE;
        max = max.max(FloatVector.fromArray(F, memory, at).reinterpretAsInts());
      }
      max.intoArray(pooled, b);
    }
    Arrays.fill(pooled, 0, init, EXCLUDED);
    Arrays.fill(pooled, local, size, EXCLUDED);
  }

  /**
   * Appends the {@code left} best blocks in [init, local), ties to the lower one.
   *
   * <p>Finds the lowest score that is good enough by halving the range of its bits: each turn
   * counts the blocks above, and it is over as soon as that is the number wanted.
   */
  private int best(int left, int init, int local, int[] blocks, int at) {
    int size = (local + L - 1) / L * L;
    int low = INVISIBLE;
    int high = Integer.MAX_VALUE;
    int ties = left;
    while ((long) high - low > 1) {
      int middle = (int) (((long) low + high) / 2);
      int above = countFrom(pooled, size, middle);
      if (above <= left) {
        high = middle;
        ties = left - above;
        if (ties == 0) {
          break;
        }
      } else {
        low = middle;
      }
    }
    int n = at;
    if (ties == 0) {
      for (int b = init; b < local; b++) {
        // Every block is written and the next one writes over those that are not kept: a branch
        // would be mispredicted for each block kept.
        blocks[n] = b;
        n += 1 + (pooled[b] - high >> 31);
      }
      return n;
    }
    for (int b = init; b < local; b++) {
      if (pooled[b] >= high) {
        blocks[n++] = b;
      } else if (pooled[b] == low && ties > 0) {
        blocks[n++] = b;
        ties--;
      }
    }
    return n;
  }

  /** Returns how many values are at least {@code least}, which is no less than -1. */
  private static int countFrom(int[] values, int size, int least) {
    // Values are -2 or more, so the difference does not overflow; its sign is counted.
    IntVector below = IntVector.zero(I);
    for (int i = 0; i < size; i += L) {
      IntVector v = IntVector.fromArray(I, values, i);
      below = below.add(v.sub(least).lanewise(VectorOperators.ASHR, 31));
    }
    return size + below.reduceLanes(VectorOperators.ADD);
  }
}
