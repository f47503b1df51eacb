package dev.longspan.eval.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * String operations with the meaning they have in Python 3, which the official scorers rely on.
 *
 * <p>Java's own {@code strip}, {@code split} and {@code \s} know another set of blanks: they miss
 * U+0085 and U+00A0, and {@code split} drops trailing empty fields only.
 */
public final class PyStrings {
  private static final Pattern DECIMAL_DIGITS = Pattern.compile("\\p{Nd}+");
  private static final String ASCII_PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

  private PyStrings() {}

  /** Returns whether Python's {@code str.isspace()} holds for {@code codePoint}. */
  public static boolean isSpace(int codePoint) {
    return (codePoint >= 0x09 && codePoint <= 0x0d)
        || (codePoint >= 0x1c && codePoint <= 0x20)
        || codePoint == 0x85
        || codePoint == 0xa0
        || codePoint == 0x1680
        || (codePoint >= 0x2000 && codePoint <= 0x200a)
        || codePoint == 0x2028
        || codePoint == 0x2029
        || codePoint == 0x202f
        || codePoint == 0x205f
        || codePoint == 0x3000;
  }

  /**
   * Returns whether {@code codePoint} is one of the 32 characters of {@code string.punctuation}.
   */
  public static boolean isAsciiPunctuation(int codePoint) {
    return codePoint < 0x80 && ASCII_PUNCTUATION.indexOf(codePoint) >= 0;
  }

  /** Returns the fields between runs of white space, without empty ones: {@code text.split()}. */
  public static List<String> split(String text) {
    List<String> fields = new ArrayList<>();
    int start = -1;
    // All of Python's white space lies in the basic plane, so a look at each char is enough.
    for (int i = 0; i < text.length(); i++) {
      if (isSpace(text.charAt(i))) {
        if (start >= 0) {
          fields.add(text.substring(start, i));
          start = -1;
        }
      } else if (start < 0) {
        start = i;
      }
    }
    if (start >= 0) {
      fields.add(text.substring(start));
    }
    return fields;
  }

  /**
   * Returns the fields between single separators, empty ones kept: {@code text.split(separator)}.
   */
  public static List<String> split(String text, String separator) {
    List<String> fields = new ArrayList<>();
    int start = 0;
    for (int at = text.indexOf(separator); at >= 0; at = text.indexOf(separator, start)) {
      fields.add(text.substring(start, at));
      start = at + separator.length();
    }
    fields.add(text.substring(start));
    return fields;
  }

  /** Returns {@code text} without white space at either end: {@code text.strip()}. */
  public static String strip(String text) {
    int start = 0;
    int end = text.length();
    while (start < end && isSpace(text.charAt(start))) {
      start++;
    }
    while (end > start && isSpace(text.charAt(end - 1))) {
      end--;
    }
    return text.substring(start, end);
  }

  /** Returns {@code text} without leading line feeds: {@code text.lstrip('\n')}. */
  public static String stripLeadingNewlines(String text) {
    int start = 0;
    while (start < text.length() && text.charAt(start) == '\n') {
      start++;
    }
    return text.substring(start);
  }

  /** Returns {@code text} in lower case, whatever the locale: {@code text.lower()}. */
  public static String lower(String text) {
    return text.toLowerCase(Locale.ROOT);
  }

  /** Returns all runs of decimal digits of any script: {@code re.findall(r"\d+", text)}. */
  public static List<String> digitRuns(String text) {
    List<String> runs = new ArrayList<>();
    Matcher matcher = DECIMAL_DIGITS.matcher(text);
    while (matcher.find()) {
      runs.add(matcher.group());
    }
    return runs;
  }
}
