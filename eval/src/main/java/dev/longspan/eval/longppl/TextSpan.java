package dev.longspan.eval.longppl;

import java.util.ArrayList;
import java.util.List;

/**
 * Some consecutive characters of a text.
 *
 * @param start the first
 * @param end one past the last
 */
public record TextSpan(int start, int end) {
  /** Checks the order. */
  public TextSpan {
    if (start < 0 || end < start) {
      throw new IllegalArgumentException(
          "a span of characters goes from 0 or more upwards, but this one is ["
              + start
              + ", "
              + end
              + "]");
    }
  }

  /** Returns the spans that begin and end at these characters. */
  public static TextSpan[] of(int[] starts, int[] ends) {
    TextSpan[] spans = new TextSpan[starts.length];
    for (int i = 0; i < spans.length; i++) {
      spans[i] = new TextSpan(starts[i], ends[i]);
    }
    return spans;
  }

  /**
   * Returns the characters of the tokens at {@code positions}, with touching spans made one.
   *
   * @param offsets the characters of each token
   * @param positions ascending
   */
  public static TextSpan[] of(TextSpan[] offsets, int[] positions) {
    List<TextSpan> spans = new ArrayList<>();
    for (int position : positions) {
      TextSpan next = offsets[position];
      int last = spans.size() - 1;
      if (last >= 0 && spans.get(last).end() == next.start()) {
        spans.set(last, new TextSpan(spans.get(last).start(), next.end()));
      } else {
        spans.add(next);
      }
    }
    return spans.toArray(TextSpan[]::new);
  }
}
