package dev.longspan.spark.job;

import dev.longspan.datasets.Message;
import dev.longspan.kernels.tokenizer.ChatMessage;
import dev.longspan.kernels.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** Conversations as tokens. */
public final class Prompts {
  private static final String THINK = "<think>";

  /** More tokens than any tokenizer makes of the tag and a line feed. */
  private static final int TAIL = 12;

  private Prompts() {}

  /** Returns the tokens of a prompt. */
  public static int[] tokens(
      Tokenizer tokenizer, List<Message> messages, String answerPrefix, PromptFormat format) {
    if (!format.template()) {
      String text = messages.stream().map(Message::content).collect(Collectors.joining("\n"));
      return tokenizer.prompt(List.of(), text + answerPrefix);
    }
    List<ChatMessage> turns =
        messages.stream()
            .map(message -> new ChatMessage(message.role(), message.content()))
            .toList();
    return tokenizer.prompt(turns, answerPrefix, format.variables());
  }

  /**
   * Returns what stands before an answer in its row: the tag that opens a thought where the
   * template opens it, so that an answer shows whether its thought has ended.
   */
  static String opening(Tokenizer tokenizer, int[] prompt) {
    int from = Math.max(0, prompt.length - TAIL);
    String tail = tokenizer.decode(Arrays.copyOfRange(prompt, from, prompt.length)).strip();
    return tail.endsWith(THINK) ? THINK : "";
  }
}
