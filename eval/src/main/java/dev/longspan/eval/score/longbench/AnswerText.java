package dev.longspan.eval.score.longbench;

import dev.longspan.eval.text.PyStrings;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.regex.Pattern;

/** Answers made comparable: lower case, no punctuation, no articles. */
final class AnswerText {
  private static final Pattern ARTICLE =
      Pattern.compile("\\b(a|an|the)\\b", Pattern.UNICODE_CHARACTER_CLASS);

  private AnswerText() {}

  /** Returns the words of English text without case, ASCII punctuation and articles. */
  static List<String> english(String text) {
    String bare = delete(PyStrings.lower(text), PyStrings::isAsciiPunctuation);
    return PyStrings.split(ARTICLE.matcher(bare).replaceAll(" "));
  }

  /** Returns one Chinese word without case, punctuation and blanks; empty if nothing remains. */
  static String chinese(String word) {
    return delete(
        PyStrings.lower(word),
        c -> PyStrings.isAsciiPunctuation(c) || isChinesePunctuation(c) || PyStrings.isSpace(c));
  }

  /**
   * Returns whether LongBench counts {@code c} as Chinese punctuation.
   *
   * <p>Its list has gaps: the opening angle brackets U+3008 to U+300A, the full-width stop U+FF0E
   * and the middle dot are not on it.
   */
  private static boolean isChinesePunctuation(int c) {
    return within(c, 0xff01, 0xff0f) && c != 0xff0e
        || within(c, 0xff1a, 0xff20)
        || within(c, 0xff3b, 0xff40)
        || within(c, 0xff5b, 0xff64)
        || within(c, 0x3001, 0x3003)
        || within(c, 0x300b, 0x3011)
        || within(c, 0x3014, 0x301f)
        || c == 0x3030
        || c == 0x303e
        || c == 0x303f
        || c == 0x2013
        || c == 0x2014
        || within(c, 0x2018, 0x201f) && c != 0x201a
        || c == 0x2026
        || c == 0x2027
        || c == 0xfe4f;
  }

  private static boolean within(int c, int first, int last) {
    return c >= first && c <= last;
  }

  private static String delete(String text, IntPredicate unwanted) {
    return text.codePoints()
        .filter(unwanted.negate())
        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
        .toString();
  }
}
