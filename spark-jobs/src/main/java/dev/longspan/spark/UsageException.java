package dev.longspan.spark;

/** Wrong use or wrong input: the message is all that the user needs, and the exit status is 2. */
public final class UsageException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** Takes a message that names the thing, its value, why it is wrong and what to do. */
  public UsageException(String message) {
    super(message);
  }

  /** Keeps the cause for {@code --debug}. */
  public UsageException(String message, Throwable cause) {
    super(message, cause);
  }
}
