package dev.longspan.kernels.backend.vector;

import static dev.longspan.kernels.backend.vector.Tile.WIDTH;
import static dev.longspan.kernels.backend.vector.VectorKvStore.FINE;

import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.Sequence;
import java.util.Arrays;

/**
 * One sequence's compressed keys, gathered from its pages into panels to multiply by.
 *
 * <p>A fine panel holds 16 pages; its columns are [4 windows, 16 pages], so that the four windows
 * of neighbouring pages lie in the same lanes of four vectors and pooling needs no shuffle. A
 * coarse panel holds one column for each of 64 pages.
 *
 * <p>The pages own the keys; this is a copy that grows with the sequence, so that a decode step
 * gathers one window every 16 tokens and not all of them every time.
 */
final class CompressedPanels {
  /** Pages in a fine panel. */
  static final int PAGES = WIDTH / FINE;

  private final int dim;
  private final int layers;
  private final int kvHeads;
  private final int[] gathered;
  private float[] fine = new float[0];
  private float[] coarse = new float[0];

  CompressedPanels(ModelConfig config) {
    dim = config.headDim();
    layers = config.layers();
    kvHeads = config.kvHeads();
    gathered = new int[layers];
  }

  /** Returns the array that holds the fine panels. */
  float[] fine() {
    return fine;
  }

  /** Returns the array that holds the coarse panels. */
  float[] coarse() {
    return coarse;
  }

  /** Returns where a panel starts in its array: [headDim, 64]. */
  int at(int layer, int kvHead, int panel) {
    return Scratch.START + ((panel * layers + layer) * kvHeads + kvHead) * dim * WIDTH;
  }

  /** Forgets what belongs to tokens from {@code position} on: they are written anew. */
  void truncate(int layer, int position) {
    gathered[layer] = Math.min(gathered[layer], position / VectorKvStore.STRIDE);
  }

  /** Adds the windows of a layer that are complete with {@code tokens} tokens. */
  void gather(VectorKvStore kv, Sequence sequence, int layer, int tokens) {
    int end = tokens / VectorKvStore.STRIDE;
    fine = grown(fine, (end + WIDTH - 1) / WIDTH);
    coarse = grown(coarse, (end / FINE + WIDTH - 1) / WIDTH);
    for (int f = gathered[layer]; f < end; f++) {
      int b = f / FINE;
      int page = sequence.page(b);
      float[] from = kv.array(page);
      for (int h = 0; h < kvHeads; h++) {
        int at = at(layer, h, b / PAGES) + f % FINE * PAGES + b % PAGES;
        copy(from, kv.fineAt(page, layer, h) + f % FINE, FINE, fine, at);
        if (f % FINE == FINE - 1) {
          int coarseAt = at(layer, h, b / WIDTH) + b % WIDTH;
          copy(from, kv.coarseAt(page, layer, h), 1, coarse, coarseAt);
        }
      }
    }
    gathered[layer] = end;
  }

  private float[] grown(float[] panels, int count) {
    int size = at(0, 0, count);
    return panels.length < size
        ? Arrays.copyOf(panels, Math.max(size, at(0, 0, count + count / 2)))
        : panels;
  }

  private void copy(float[] from, int at, int step, float[] to, int toAt) {
    for (int d = 0; d < dim; d++) {
      to[toAt + d * WIDTH] = from[at + d * step];
    }
  }
}
