package dev.longspan.kernels.backend;

import dev.longspan.kernels.model.Sequence;

/** Hears which blocks sparse attention selects: for tests and for looking into a model. */
@FunctionalInterface
public interface SelectionListener {
  /**
   * Takes one selection; may be called from several threads at once.
   *
   * @param sequence whose token it is
   * @param layer decoder layer
   * @param position 0-based position of the query token
   * @param kvHead KV head, that is group of query heads
   * @param blocks selected blocks, ascending; a copy
   */
  void selected(Sequence sequence, int layer, int position, int kvHead, int[] blocks);
}
