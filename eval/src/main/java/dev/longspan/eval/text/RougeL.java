package dev.longspan.eval.text;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * ROUGE-L on the level of summaries, as version 1.0.1 of the Python package rouge computes it.
 *
 * <p>It differs from Lin's ROUGE-L (2004): sentences end at every full stop, words count once per
 * text, and one set collects the words of the longest common subsequences of all pairs of
 * sentences.
 */
public final class RougeL {
  private RougeL() {}

  /**
   * Returns the F measure of {@code prediction} against {@code reference}, 0 to 1.
   *
   * <p>The package walks back through its tables by recursion, and fails where a pair of sentences
   * needs more than about a thousand steps; this does not.
   */
  public static double f(String prediction, String reference) {
    List<List<String>> hypothesis = sentences(prediction);
    List<List<String>> truth = sentences(reference);
    if (hypothesis.isEmpty() || truth.isEmpty()) {
      return 0;
    }
    Set<String> common = new HashSet<>();
    for (List<String> expected : truth) {
      for (List<String> actual : hypothesis) {
        addCommon(expected, actual, common);
      }
    }
    double recall = (double) common.size() / distinct(truth);
    double precision = (double) common.size() / distinct(hypothesis);
    return 2.0 * (precision * recall / (precision + recall + 1e-8));
  }

  private static List<List<String>> sentences(String text) {
    List<List<String>> sentences = new ArrayList<>();
    for (String piece : PyStrings.split(text, ".")) {
      if (!piece.isEmpty()) {
        // A piece of nothing but blanks stays, as a sentence of one empty word.
        List<String> words = PyStrings.split(piece);
        sentences.add(words.isEmpty() ? List.of("") : words);
      }
    }
    return sentences;
  }

  private static int distinct(List<List<String>> sentences) {
    Set<String> words = new HashSet<>();
    sentences.forEach(words::addAll);
    return words.size();
  }

  /** Adds the words of one longest common subsequence. */
  private static void addCommon(List<String> expected, List<String> actual, Set<String> common) {
    int columns = actual.size() + 1;
    int[] table = new int[(expected.size() + 1) * columns];
    for (int i = 1; i <= expected.size(); i++) {
      String word = expected.get(i - 1);
      for (int j = 1; j < columns; j++) {
        int at = i * columns + j;
        table[at] =
            word.equals(actual.get(j - 1))
                ? table[at - columns - 1] + 1
                : Math.max(table[at - columns], table[at - 1]);
      }
    }
    int i = expected.size();
    int j = actual.size();
    while (i > 0 && j > 0) {
      if (expected.get(i - 1).equals(actual.get(j - 1))) {
        common.add(expected.get(i - 1));
        i--;
        j--;
      } else if (table[(i - 1) * columns + j] > table[i * columns + j - 1]) {
        i--;
      } else {
        j--;
      }
    }
  }
}
