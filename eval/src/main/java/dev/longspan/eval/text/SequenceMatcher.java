package dev.longspan.eval.text;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/**
 * Similarity of two strings by recursive longest common blocks, as Python's {@code
 * difflib.SequenceMatcher} computes it with its defaults (Ratcliff and Obershelp's gestalt pattern
 * matching, popular characters of a long second string ignored as anchors).
 */
final class SequenceMatcher {
  private static final int POPULARITY_LENGTH = 200;
  private static final int[] NOWHERE = {};

  private final int[] a;
  private final int[] b;
  private final Map<Integer, int[]> positions;
  // Length of the common block that ends at a[i], b[j], indexed by j + 1: previous and current row.
  private int[] previous;
  private int[] current;

  private SequenceMatcher(String first, String second) {
    a = first.codePoints().toArray();
    b = second.codePoints().toArray();
    positions = positions(b);
    previous = new int[b.length + 1];
    current = new int[b.length + 1];
  }

  /**
   * Returns twice the size of all matching blocks over the length of both strings, 0 to 1; 1 for
   * two empty strings. Not symmetric: blocks are looked for from the left of {@code first}.
   */
  static double ratio(String first, String second) {
    SequenceMatcher matcher = new SequenceMatcher(first, second);
    int length = matcher.a.length + matcher.b.length;
    return length == 0 ? 1 : 2.0 * matcher.matches() / length;
  }

  private static Map<Integer, int[]> positions(int[] text) {
    Map<Integer, Integer> counts = new HashMap<>();
    for (int c : text) {
      counts.merge(c, 1, Integer::sum);
    }
    int popular = text.length >= POPULARITY_LENGTH ? text.length / 100 + 1 : Integer.MAX_VALUE;
    Map<Integer, int[]> positions = new HashMap<>();
    Map<Integer, Integer> filled = new HashMap<>();
    for (int j = 0; j < text.length; j++) {
      int count = counts.get(text[j]);
      if (count <= popular) {
        int at = filled.merge(text[j], 1, Integer::sum) - 1;
        positions.computeIfAbsent(text[j], c -> new int[count])[at] = j;
      }
    }
    return positions;
  }

  private int matches() {
    int total = 0;
    Deque<int[]> ranges = new ArrayDeque<>();
    ranges.push(new int[] {0, a.length, 0, b.length});
    while (!ranges.isEmpty()) {
      int[] range = ranges.pop();
      int[] block = longest(range[0], range[1], range[2], range[3]);
      int i = block[0];
      int j = block[1];
      int size = block[2];
      if (size > 0) {
        total += size;
        ranges.push(new int[] {range[0], i, range[2], j});
        ranges.push(new int[] {i + size, range[1], j + size, range[3]});
      }
    }
    return total;
  }

  /** Finds the longest block in the ranges, the earliest in a, then in b, among equals. */
  private int[] longest(int aStart, int aEnd, int bStart, int bEnd) {
    int bestI = aStart;
    int bestJ = bStart;
    int bestSize = 0;
    Arrays.fill(previous, 0);
    for (int i = aStart; i < aEnd; i++) {
      Arrays.fill(current, 0);
      for (int j : positions.getOrDefault(a[i], NOWHERE)) {
        if (j < bStart) {
          continue;
        }
        if (j >= bEnd) {
          break;
        }
        int size = previous[j] + 1;
        current[j + 1] = size;
        if (size > bestSize) {
          bestI = i - size + 1;
          bestJ = j - size + 1;
          bestSize = size;
        }
      }
      int[] swap = previous;
      previous = current;
      current = swap;
    }
    // Popular characters anchor nothing, but a block may grow over them.
    while (bestI > aStart && bestJ > bStart && a[bestI - 1] == b[bestJ - 1]) {
      bestI--;
      bestJ--;
      bestSize++;
    }
    while (bestI + bestSize < aEnd
        && bestJ + bestSize < bEnd
        && a[bestI + bestSize] == b[bestJ + bestSize]) {
      bestSize++;
    }
    return new int[] {bestI, bestJ, bestSize};
  }
}
