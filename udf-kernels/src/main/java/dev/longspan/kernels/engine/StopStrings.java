package dev.longspan.kernels.engine;

import java.util.Arrays;
import java.util.List;

/**
 * Finds stop strings in the text of an answer that grows token by token.
 *
 * <p>A token is no unit of text: a stop string may span several, and a character may be spread over
 * tokens that decode to nothing sensible alone. So what is searched is always the text of several
 * tokens together: a window of the last ones, long enough to hold any stop string that the next
 * token can complete. Decoding the whole answer each time would cost a quadratic number of steps;
 * it is decoded whole only to confirm what the window shows. Not thread safe.
 */
final class StopStrings {
  /** Characters that the cut at the window's start may garble: the rest of one UTF-8 sequence. */
  private static final int GARBLED = 4;

  private final List<String> stops;
  private final Detokenizer text;
  private final int longest;
  private int from;

  StopStrings(List<String> stops, Detokenizer text) {
    this.stops = stops;
    this.text = text;
    longest = stops.stream().mapToInt(String::length).max().orElse(0);
  }

  /** Returns whether the text of the first {@code count} tokens holds a stop string. */
  boolean in(int[] tokens, int count) {
    if (stops.isEmpty()) {
      return false;
    }
    String window = decode(tokens, from, count);
    if (first(window) >= 0 && (from == 0 || first(decode(tokens, 0, count)) >= 0)) {
      return true;
    }
    int enough = longest + GARBLED;
    if (window.length() > 4 * enough) {
      int tail = 1;
      while (count - tail > from && decode(tokens, count - tail, count).length() < enough) {
        tail *= 2;
      }
      from = Math.max(from, count - tail);
    }
    return false;
  }

  /** Returns {@code answer} up to the first stop string. */
  String cut(String answer) {
    int at = first(answer);
    return at < 0 ? answer : answer.substring(0, at);
  }

  private int first(String in) {
    int first = -1;
    for (String stop : stops) {
      int at = in.indexOf(stop);
      if (at >= 0 && (first < 0 || at < first)) {
        first = at;
      }
    }
    return first;
  }

  private String decode(int[] tokens, int begin, int end) {
    return text.decode(Arrays.copyOfRange(tokens, begin, end));
  }
}
