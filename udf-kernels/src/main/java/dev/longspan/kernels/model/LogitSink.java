package dev.longspan.kernels.model;

/** Takes the logits of a step, row by row. */
@FunctionalInterface
public interface LogitSink {
  /**
   * Takes one row.
   *
   * @param index which entry of {@link Step#logitRows}
   * @param logits holds the row, [vocab] from {@code offset}; valid during the call only
   * @param offset first index of the row
   */
  void accept(int index, float[] logits, int offset);
}
