package dev.longspan.eval.report;

/** Foreign text made safe to show: a model may answer anything. */
final class Text {
  private Text() {}

  /**
   * Returns {@code text} with everything visible: control characters as their pictures, other
   * characters that hide or reorder text, lone surrogates and non-characters by their number. Tabs
   * and newlines stay.
   */
  static String visible(String text) {
    StringBuilder out = new StringBuilder(text.length());
    text.codePoints()
        .forEach(
            c -> {
              if (c == '\n' || c == '\t') {
                out.append((char) c);
              } else if (c < ' ') {
                out.append((char) ('\u2400' + c));
              } else if (hides(c)) {
                out.append(String.format("⟨U+%04X⟩", c));
              } else {
                out.appendCodePoint(c);
              }
            });
    return out.toString();
  }

  private static boolean hides(int c) {
    return c >= 0x7f && c <= 0x9f
        || c >= 0x202a && c <= 0x202e // bidirectional embeddings and overrides
        || c >= 0x2066 && c <= 0x2069 // bidirectional isolates
        || c == 0x200e
        || c == 0x200f
        || c >= 0xd800 && c <= 0xdfff
        || c >= 0xfdd0 && c <= 0xfdef
        || (c & 0xfffe) == 0xfffe;
  }

  /** Returns the text of an HTML element or attribute. */
  static String html(String text) {
    return visible(text)
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;")
        .replace("'", "&#39;");
  }

  /** Returns the text of a cell of a Markdown table, on one line and without markup of its own. */
  static String markdown(String text) {
    return visible(text)
        .replace("\\", "\\\\")
        .replace("|", "\\|")
        .replace("`", "\\`")
        .replace("*", "\\*")
        .replace("_", "\\_")
        .replace("[", "\\[")
        .replace("]", "\\]")
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace("\n", " ⏎ ")
        .replace('\t', ' ');
  }

  /** Returns at most {@code limit} characters of {@code text}, and how many there are more. */
  static String clip(String text, int limit) {
    int length = text.codePointCount(0, text.length());
    if (length <= limit) {
      return text;
    }
    String head = text.substring(0, text.offsetByCodePoints(0, limit));
    return head + " … (" + Format.count(length - limit) + " more characters)";
  }
}
