package dev.longspan.kernels.checkpoint;

/** A model folder cannot be used; the message names file, tensor, what was expected and found. */
public class CheckpointException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** Creates one with a complete message. */
  public CheckpointException(String message) {
    super(message);
  }

  /** Creates one with a complete message and the failure beneath. */
  public CheckpointException(String message, Throwable cause) {
    super(message, cause);
  }
}
