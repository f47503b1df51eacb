package dev.longspan.eval.score;

import dev.longspan.eval.Generation;

/**
 * One scored row.
 *
 * @param generation the row
 * @param text the answer after the suite's post-processing; empty for a failed row
 * @param value in the sense of the suite's {@link Scale}; 0 for a failed row
 * @param weight of the value where the scale has weights, else 1
 */
public record Answer(Generation generation, String text, double value, double weight) {
  /** Returns whether the model answered, but with nothing. */
  public boolean isNull() {
    return !generation.failed() && text.isEmpty();
  }
}
