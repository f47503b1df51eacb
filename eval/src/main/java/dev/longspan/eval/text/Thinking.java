package dev.longspan.eval.text;

/**
 * What a reasoning model writes before its answer, between think tags.
 *
 * <p>Where the chat template opens the thought, the generated text has no opening tag, and a
 * thought that was cut off cannot be told from an answer.
 */
public final class Thinking {
  private static final String OPEN = "<think>";
  private static final String CLOSE = "</think>";

  private Thinking() {}

  /** Returns what follows the last closing tag; all of {@code text} if there is none. */
  public static String answer(String text) {
    int close = text.lastIndexOf(CLOSE);
    return close < 0 ? text : text.substring(close + CLOSE.length());
  }

  /** Returns whether {@code text} opens a thought and never closes it. */
  public static boolean unfinished(String text) {
    return text.contains(OPEN) && !text.contains(CLOSE);
  }
}
