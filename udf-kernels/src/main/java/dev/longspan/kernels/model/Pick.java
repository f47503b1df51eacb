package dev.longspan.kernels.model;

import dev.longspan.kernels.sampling.Filters;
import java.util.BitSet;

/** What a step does with the logits of one of its rows. */
public sealed interface Pick {
  /** Returns the row of the step. */
  int row();

  /**
   * Draws the token that follows the row.
   *
   * @param row row of the step, the last of its sequence's
   * @param filters how to draw
   * @param seen tokens that the repetition penalty meets: those of the prompt and the answer before
   *     this draw, except tokens drawn by steps that have not been collected, which the backend
   *     knows; null without penalty
   * @param uniform random number in [0, 1)
   */
  record Draw(int row, Filters filters, BitSet seen, double uniform) implements Pick {}

  /**
   * Takes the natural log-probability of a token that is known to follow the row.
   *
   * @param row row of the step
   * @param token the token
   */
  record Score(int row, int token) implements Pick {}

  /**
   * Copies the logits to the host: for tests.
   *
   * @param row row of the step
   * @param to where to, [vocab] from {@code at}
   * @param at first index in {@code to}
   */
  record Read(int row, float[] to, int at) implements Pick {}
}
