package dev.longspan.datasets;

/** A data file or an option cannot be used; the message names it, what is wrong and what to do. */
public class DatasetException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** Creates one with a complete message. */
  public DatasetException(String message) {
    super(message);
  }

  /** Creates one with a complete message and the failure beneath. */
  public DatasetException(String message, Throwable cause) {
    super(message, cause);
  }
}
