package dev.longspan.kernels.sampling;

/**
 * Tokens by descending logit, equal ones by ascending id, sorted only as far as somebody asks.
 *
 * <p>The ids lie in a binary heap whose best is moved, one by one, behind the end of the shrinking
 * heap: rank r ends up at index {@code size - 1 - r}.
 */
final class Ranking {
  private final int[] ids;
  private float[] logits;
  private int unsorted;

  Ranking(int size) {
    ids = new int[size];
  }

  /** Starts over with {@code logits}, which must stay as they are while ranks are asked for. */
  void reset(float[] logits) {
    this.logits = logits;
    unsorted = ids.length;
    for (int i = 0; i < ids.length; i++) {
      ids[i] = i;
    }
    for (int i = ids.length / 2 - 1; i >= 0; i--) {
      sink(i);
    }
  }

  /** Returns the id of the token at {@code rank}, 0 for the best. */
  int id(int rank) {
    int at = ids.length - 1 - rank;
    while (unsorted > at) {
      int best = ids[0];
      ids[0] = ids[--unsorted];
      ids[unsorted] = best;
      sink(0);
    }
    return ids[at];
  }

  private void sink(int from) {
    int id = ids[from];
    int at = from;
    while (2 * at + 1 < unsorted) {
      int child = 2 * at + 1;
      if (child + 1 < unsorted && before(ids[child + 1], ids[child])) {
        child++;
      }
      if (!before(ids[child], id)) {
        break;
      }
      ids[at] = ids[child];
      at = child;
    }
    ids[at] = id;
  }

  private boolean before(int a, int b) {
    return logits[a] > logits[b] || logits[a] == logits[b] && a < b;
  }
}
