package dev.longspan.datasets;

import java.util.Objects;

/**
 * One turn of a conversation.
 *
 * @param role {@code system}, {@code user} or {@code assistant}
 * @param content the text of the turn, without template markup
 */
public record Message(String role, String content) {
  /** Checks that both parts are there. */
  public Message {
    Objects.requireNonNull(role, "role");
    Objects.requireNonNull(content, "content");
  }

  /** Returns a user turn. */
  public static Message user(String content) {
    return new Message("user", content);
  }
}
