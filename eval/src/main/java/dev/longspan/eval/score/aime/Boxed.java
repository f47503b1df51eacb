package dev.longspan.eval.score.aime;

/** Finds LaTeX's {@code \boxed{...}}, in which models put their final answer. */
final class Boxed {
  private Boxed() {}

  /**
   * Returns where the braces that follow {@code from} close: the index of the brace that balances
   * the first opening one, or -1 if there is none.
   */
  static int close(String text, int from) {
    int depth = 0;
    for (int i = from; i < text.length(); i++) {
      if (text.charAt(i) == '{') {
        depth++;
      } else if (text.charAt(i) == '}' && --depth == 0) {
        return i;
      }
    }
    return -1;
  }

  /** Returns the content of the last box whose braces balance, or null. */
  static String last(String text) {
    String box = "\\boxed{";
    for (int at = text.lastIndexOf(box); at >= 0; at = text.lastIndexOf(box, at - 1)) {
      int close = close(text, at);
      if (close >= 0) {
        return text.substring(at + box.length(), close);
      }
    }
    return null;
  }
}
