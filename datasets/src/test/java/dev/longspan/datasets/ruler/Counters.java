package dev.longspan.datasets.ruler;

import dev.longspan.datasets.Message;
import dev.longspan.datasets.Sample;
import dev.longspan.datasets.TokenCounter;
import java.util.Arrays;
import java.util.List;

/** Stand-ins for tokenizers that count differently. */
enum Counters implements TokenCounter {
  /** One token per word. */
  WORDS {
    @Override
    int tokens(String text) {
      return (int) Arrays.stream(text.split("\\s+")).filter(word -> !word.isEmpty()).count();
    }
  },
  /** Letters by fours, each digit, capital, line end and other mark by itself. */
  PIECES {
    @Override
    int tokens(String text) {
      int tokens = 0;
      int run = 0;
      for (int i = 0; i < text.length(); i++) {
        char c = text.charAt(i);
        if (Character.isLowerCase(c) || c == ' ') {
          run = c == ' ' ? 0 : run + 1;
          tokens += run % 4 == 1 ? 1 : 0;
        } else {
          run = 0;
          tokens++;
        }
      }
      return tokens;
    }
  };

  /** What a chat template adds. */
  private static final int TEMPLATE = 9;

  abstract int tokens(String text);

  @Override
  public int count(List<Message> messages, String answerPrefix) {
    return TEMPLATE
        + messages.stream().mapToInt(message -> tokens(message.content())).sum()
        + tokens(answerPrefix);
  }

  /** Returns the tokens of prompt and answer over the target length. */
  double fill(Sample sample) {
    return (double) (count(sample.messages(), sample.answerPrefix()) + sample.maxNewTokens())
        / sample.length();
  }
}
