package dev.longspan.datasets.ruler;

import java.util.List;

/** One of the generators behind the task names. */
interface Task {
  /**
   * Returns the forms that sample {@code index} may take, the preferred one first.
   *
   * <p>A prompt that is too short for all that a task usually holds, worked examples above all,
   * falls back on a more frugal form.
   */
  List<Draft> drafts(long seed, int length, int index);
}
