package dev.longspan.kernels.engine;

import dev.longspan.kernels.backend.KvStore;
import dev.longspan.kernels.model.Sequence;

/**
 * The free pages of a KV cache.
 *
 * <p>The page given back last is taken first, so that a cache whose memory is only taken when a
 * page is first written stays as small as the work allows.
 */
final class PagePool {
  private final int[] free;
  private int count;

  /** Creates a pool of the pages 0 to {@code pages - 1}, all free. */
  PagePool(int pages) {
    free = new int[pages];
    for (int i = 0; i < pages; i++) {
      free[i] = pages - 1 - i;
    }
    count = pages;
  }

  /** Returns the pages that {@code tokens} tokens take. */
  static int pagesFor(int tokens) {
    return (tokens + KvStore.PAGE - 1) / KvStore.PAGE;
  }

  /** Returns the number of free pages. */
  int free() {
    return count;
  }

  /** Adds free pages to {@code sequence} until it has {@code pages}; false if they run out. */
  boolean grow(Sequence sequence, int pages) {
    while (sequence.pageCount() < pages) {
      if (count == 0) {
        return false;
      }
      sequence.addPage(free[--count]);
    }
    return true;
  }

  /** Takes back all pages of a sequence that is not used any more. */
  void release(Sequence sequence) {
    for (int i = sequence.pageCount() - 1; i >= 0; i--) {
      free[count++] = sequence.page(i);
    }
  }
}
