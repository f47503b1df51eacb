package dev.longspan.eval.score;

import dev.longspan.eval.Generation;

/**
 * One scored row.
 *
 * @param generation the row
 * @param text the answer after the suite's post-processing; empty for a failed row
 * @param value from 0 (wrong) to 1 (right); a failed row scores 0
 */
public record Answer(Generation generation, String text, double value) {
  /** Returns whether the model answered, but with nothing. */
  public boolean isNull() {
    return !generation.failed() && text.isEmpty();
  }
}
