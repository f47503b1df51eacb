package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.backend.cuda.device.Stream;

/** The matrix products of a step of answers, and the norms between them. */
interface AnswerProducts {
  /** Returns the rows of the panel matrices in a step of {@code rows} rows. */
  int panelRows(int rows);

  /** Enqueues what leads from the residual stream to q, k and v of the first layer. */
  void first(Stream stream, int rows);

  /**
   * Enqueues what leads from the attention of a layer to q, k and v of the next one, or to the
   * logits.
   */
  void after(Stream stream, int layer, int rows);
}
