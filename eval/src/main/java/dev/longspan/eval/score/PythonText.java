package dev.longspan.eval.score;

import java.util.Locale;

/** String operations as Python's {@code str} has them, which reference scorers are written in. */
final class PythonText {
  private PythonText() {}

  /** Returns {@code text} without Unicode whitespace at either end, as {@code str.strip()}. */
  static String strip(String text) {
    int from = 0;
    int to = text.length();
    while (from < to && isSpace(text.charAt(from))) {
      from++;
    }
    while (to > from && isSpace(text.charAt(to - 1))) {
      to--;
    }
    return text.substring(from, to);
  }

  /** Returns {@code text} in lower case by Unicode's full mapping, as {@code str.lower()}. */
  static String lower(String text) {
    return text.toLowerCase(Locale.ROOT);
  }

  /**
   * {@code str.isspace()} of one character. Java's {@code isWhitespace} leaves out the no-break
   * spaces and U+0085. No whitespace lies beyond the basic plane.
   */
  private static boolean isSpace(char c) {
    return c >= '\t' && c <= '\r'
        || c >= '\u001c' && c <= ' '
        || c == '\u0085'
        || c == '\u00a0'
        || c == '\u1680'
        || c >= '\u2000' && c <= '\u200a'
        || c == '\u2028'
        || c == '\u2029'
        || c == '\u202f'
        || c == '\u205f'
        || c == '\u3000';
  }
}
