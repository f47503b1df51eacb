package dev.longspan.datasets.ruler;

/**
 * A sample of which only the size is open: every random choice is made, so that asking for the same
 * size twice gives the same prompt, and a larger one contains more of the same.
 */
interface Draft {
  /** Fewest units, for example words of the haystack, that leave the question answerable. */
  int smallest();

  /** Most units there are. */
  default int largest() {
    return Integer.MAX_VALUE / 2;
  }

  /** Returns the prompt with {@code units} units. */
  Prompt at(int units);

  /**
   * Returns a draft that fixes {@code units} and grows in smaller steps, or null if the units are
   * small already.
   */
  default Draft padded(int units) {
    return null;
  }
}
