package dev.longspan.spark.job;

import dev.longspan.kernels.engine.Response;
import java.util.List;

/** Classes of failed rows beside those of {@link Response}. */
final class ErrorCodes {
  /** The input row is no JSON, or lacks what a prompt needs. */
  static final String INPUT_UNREADABLE = "INPUT_UNREADABLE";

  /** The chat template or the tokenizer refused the conversation. */
  static final String PROMPT_NOT_RENDERED = "PROMPT_NOT_RENDERED";

  /** Failures that say nothing about the row: it is tried again when a run is taken up. */
  static final List<String> TRANSIENT = List.of(Response.ENGINE_FAILED, Response.CANCELLED);

  private ErrorCodes() {}
}
