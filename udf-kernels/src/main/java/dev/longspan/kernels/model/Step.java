package dev.longspan.kernels.model;

import java.util.List;

/**
 * The rows of one forward pass: chunks of several sequences, one after another.
 *
 * <p>Each sequence must hold enough pages for its new tokens before the step runs.
 *
 * @param tokens token ids, one per row
 * @param segments which rows belong to which sequence, in row order without gaps
 * @param logitRows rows whose logits are wanted, ascending
 */
public record Step(int[] tokens, List<Segment> segments, int[] logitRows) {

  /** Returns the number of rows. */
  public int rows() {
    return tokens.length;
  }

  /**
   * Rows of one sequence.
   *
   * @param sequence whose tokens they are
   * @param firstRow first row in the step
   * @param count number of rows
   * @param start position of the first row in the sequence: its cached length before the step
   */
  public record Segment(Sequence sequence, int firstRow, int count, int start) {}
}
