package dev.longspan.eval.longppl;

import java.util.ArrayList;
import java.util.List;

/**
 * One pass of the evaluator over a piece of the document, by itself.
 *
 * @param start first token of the piece
 * @param scored first token whose log-probability counts; those before it are its short context
 * @param end one past the last token of the piece
 */
public record ShortPass(int start, int scored, int end) {
  /**
   * Returns the passes that score every token but the first {@code shortContext}, each once.
   *
   * @param tokens length of the document; one no longer than the short context needs no pass
   */
  public static List<ShortPass> over(int tokens, LongPplSettings settings) {
    List<ShortPass> passes = new ArrayList<>();
    for (int start = 0; start + settings.shortContext() < tokens; start += settings.window()) {
      int scored = start + settings.shortContext();
      passes.add(new ShortPass(start, scored, Math.min(scored + settings.window(), tokens)));
    }
    return passes;
  }
}
