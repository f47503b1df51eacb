package dev.longspan.eval.text;

import java.util.Locale;

/**
 * Similarity of two strings in whole percent, as the Python package fuzzywuzzy returns it.
 *
 * <p>That package computes two different numbers, depending on whether python-Levenshtein happens
 * to be installed; a score must say which one it used.
 */
public enum FuzzyRatio {
  /** Matching blocks of difflib: what the authors of LongBench published. */
  DIFFLIB {
    @Override
    double similarity(String prediction, String reference) {
      return SequenceMatcher.ratio(prediction, reference);
    }
  },
  /**
   * Insertions and deletions only: one minus their least number over the length of both strings.
   */
  LEVENSHTEIN {
    @Override
    double similarity(String prediction, String reference) {
      int[] a = prediction.codePoints().toArray();
      int[] b = reference.codePoints().toArray();
      return 2.0 * longestCommonSubsequence(a, b) / (a.length + b.length);
    }
  };

  /**
   * Returns the back end of that name, in any case.
   *
   * @throws IllegalArgumentException if there is none; the message lists the names
   */
  public static FuzzyRatio parse(String name) {
    for (FuzzyRatio ratio : values()) {
      if (ratio.id().equals(name.toLowerCase(Locale.ROOT))) {
        return ratio;
      }
    }
    throw new IllegalArgumentException(
        "unknown fuzzy back end '" + name + "': use difflib or levenshtein");
  }

  /** Returns the name that {@link #parse} takes and reports show. */
  public String id() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Returns the similarity, 0 to 100: 100 for equal strings, 0 if just one of them is empty. */
  public int percent(String prediction, String reference) {
    if (prediction.equals(reference)) {
      return 100;
    }
    if (prediction.isEmpty() || reference.isEmpty()) {
      return 0;
    }
    return (int) Math.rint(100 * similarity(prediction, reference));
  }

  abstract double similarity(String prediction, String reference);

  private static int longestCommonSubsequence(int[] a, int[] b) {
    int[] row = new int[b.length + 1];
    for (int c : a) {
      int diagonal = 0;
      for (int j = 0; j < b.length; j++) {
        int above = row[j + 1];
        row[j + 1] = c == b[j] ? diagonal + 1 : Math.max(above, row[j]);
        diagonal = above;
      }
    }
    return row[b.length];
  }
}
