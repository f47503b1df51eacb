package dev.longspan.datasets;

import java.util.List;

/** Counts the tokens of a prompt as the evaluated model will see it. */
@FunctionalInterface
public interface TokenCounter {
  /**
   * Returns the tokens of the rendered prompt, chat template, special tokens and answer prefix
   * included.
   */
  int count(List<Message> messages, String answerPrefix);
}
