package dev.longspan.spark.job;

import dev.longspan.datasets.Message;
import dev.longspan.kernels.tokenizer.ChatMessage;
import dev.longspan.kernels.tokenizer.Tokenizer;
import java.util.List;
import java.util.stream.Collectors;

/** Conversations as tokens. */
public final class Prompts {
  private Prompts() {}

  /**
   * Returns the tokens of a prompt.
   *
   * @param template whether the conversation passes the chat template; otherwise the turns' texts
   *     and the prefix follow each other as they are, after the begin token
   */
  public static int[] tokens(
      Tokenizer tokenizer, List<Message> messages, String answerPrefix, boolean template) {
    if (!template) {
      String text = messages.stream().map(Message::content).collect(Collectors.joining("\n"));
      return tokenizer.prompt(List.of(), text + answerPrefix);
    }
    List<ChatMessage> turns =
        messages.stream()
            .map(message -> new ChatMessage(message.role(), message.content()))
            .toList();
    return tokenizer.prompt(turns, answerPrefix);
  }
}
