package dev.longspan.kernels.backend.vector;

import static dev.longspan.kernels.backend.vector.Tile.WIDTH;
import static dev.longspan.kernels.backend.vector.VectorKvStore.FINE;

import dev.longspan.kernels.backend.KvStore;
import dev.longspan.kernels.model.Sequence;

/**
 * One sequence's compressed keys of a layer, gathered from its pages into panels to multiply by.
 *
 * <p>A fine panel holds 16 pages; its columns are [4 windows, 16 pages], so that the four windows
 * of neighbouring pages lie in the same lanes of four vectors and pooling needs no shuffle. A
 * coarse panel holds one column for each of 64 pages.
 */
final class CompressedPanels {
  /** Pages in a fine panel. */
  static final int PAGES = WIDTH / FINE;

  private final int dim;
  private float[] memory = new float[0];
  private int finePanels;
  private int coarsePanels;

  CompressedPanels(int dim) {
    this.dim = dim;
  }

  /** Returns whether this is for heads of {@code dim} elements. */
  boolean isFor(int dim) {
    return this.dim == dim;
  }

  /** Makes room for a sequence of {@code tokens} tokens. */
  void start(int kvHeads, int tokens) {
    int pages = (tokens + KvStore.PAGE - 1) / KvStore.PAGE;
    finePanels = (pages + PAGES - 1) / PAGES;
    coarsePanels = (pages + WIDTH - 1) / WIDTH;
    int size = Scratch.START + kvHeads * (finePanels + coarsePanels) * dim * WIDTH;
    if (memory.length < size) {
      memory = new float[size + size / 4];
    }
  }

  /** Returns the number of fine panels of one KV head: one task each of {@link #gather}. */
  int finePanels() {
    return finePanels;
  }

  /** Returns the array that holds the panels. */
  float[] memory() {
    return memory;
  }

  /** Returns where a fine panel starts: [headDim, 64]. */
  int fineAt(int kvHead, int panel) {
    return Scratch.START + (kvHead * (finePanels + coarsePanels) + panel) * dim * WIDTH;
  }

  /** Returns where a coarse panel starts: [headDim, 64]. */
  int coarseAt(int kvHead, int panel) {
    return fineAt(kvHead, finePanels + panel);
  }

  /** Fills a fine panel and its share of a coarse one from the pages of the first tokens. */
  void gather(VectorKvStore kv, Sequence sequence, int layer, int kvHead, int panel, int tokens) {
    int first = panel * PAGES;
    int end = Math.min(first + PAGES, (tokens + KvStore.PAGE - 1) / KvStore.PAGE);
    for (int b = first; b < end; b++) {
      int page = sequence.page(b);
      float[] from = kv.array(page);
      int fine = kv.fineAt(page, layer, kvHead);
      int fineTo = fineAt(kvHead, panel) + b - first;
      int coarse = kv.coarseAt(page, layer, kvHead);
      int coarseTo = coarseAt(kvHead, b / WIDTH) + b % WIDTH;
      for (int d = 0; d < dim; d++) {
        for (int w = 0; w < FINE; w++) {
          memory[fineTo + d * WIDTH + w * PAGES] = from[fine + d * FINE + w];
        }
        memory[coarseTo + d * WIDTH] = from[coarse + d];
      }
    }
  }
}
