package dev.longspan.kernels.tokenizer;

import java.util.Objects;

/**
 * One turn of a conversation.
 *
 * @param role {@code system}, {@code user} or {@code assistant}
 * @param content the text of the turn, without template markup
 */
public record ChatMessage(String role, String content) {
  /** Checks that both parts are there. */
  public ChatMessage {
    Objects.requireNonNull(role, "role");
    Objects.requireNonNull(content, "content");
  }
}
