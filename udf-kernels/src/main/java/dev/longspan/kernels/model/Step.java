package dev.longspan.kernels.model;

import java.util.List;

/**
 * The rows of one forward pass: chunks of several sequences, one after another.
 *
 * <p>Each sequence must hold enough pages for its new tokens before the step runs.
 *
 * @param tokens token ids, one per row, or {@link #DRAWN}
 * @param segments which rows belong to which sequence, in row order without gaps
 * @param picks what to do with logits, by ascending row
 */
public record Step(int[] tokens, List<Segment> segments, List<Pick> picks) {
  /**
   * Stands for the token that the step before drew for the same sequence, where that step has not
   * been collected: only on a backend that {@linkplain
   * dev.longspan.kernels.backend.Backend.Driving#ahead runs ahead}.
   */
  public static final int DRAWN = -1;

  /** Returns the number of rows. */
  public int rows() {
    return tokens.length;
  }

  /** Returns the segment that holds a row. */
  public Segment segmentOf(int row) {
    for (Segment segment : segments) {
      if (row < segment.firstRow + segment.count) {
        return segment;
      }
    }
    throw new IllegalArgumentException("row " + row + " of a step of " + rows() + " rows");
  }

  /**
   * Rows of one sequence.
   *
   * @param sequence whose tokens they are
   * @param firstRow first row in the step
   * @param count number of rows
   * @param start position of the first row in the sequence: its cached length before the step
   */
  public record Segment(Sequence sequence, int firstRow, int count, int start) {

    /** Returns whether the rows are of the answer, not of the prompt. */
    public boolean answer() {
      return start >= sequence.promptLength();
    }
  }
}
