package dev.longspan.eval.score.aime;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiPredicate;

/** What several answers to one problem say together. */
final class Attempts {
  private Attempts() {}

  /**
   * Returns the probability that {@code k} of {@code n} answers, drawn without replacement, hold
   * one of the {@code right} ones: the unbiased pass@k of Chen et al. 2021.
   *
   * @throws IllegalArgumentException unless {@code 1 <= k <= n}
   */
  static double passAt(int k, int n, int right) {
    if (k < 1 || k > n) {
      throw new IllegalArgumentException(
          "pass@" + k + " needs at least that many answers to a problem, but there are " + n);
    }
    double allWrong = 1;
    for (int i = 0; i < k; i++) {
      allWrong *= Math.max(0, n - right - i) / (double) (n - i);
    }
    return 1 - allWrong;
  }

  /**
   * Returns the most frequent answer, of equally frequent ones the first to appear; null if there
   * is none.
   *
   * @param answers the answers in order, null where none was given
   * @param same whether two answers are the same
   */
  static String majority(List<String> answers, BiPredicate<String, String> same) {
    List<String> distinct = new ArrayList<>();
    List<Integer> counts = new ArrayList<>();
    int best = -1;
    for (String answer : answers) {
      if (answer == null) {
        continue;
      }
      int at = 0;
      while (at < distinct.size() && !same.test(distinct.get(at), answer)) {
        at++;
      }
      if (at == distinct.size()) {
        distinct.add(answer);
        counts.add(0);
      }
      counts.set(at, counts.get(at) + 1);
    }
    for (int i = 0; i < distinct.size(); i++) {
      if (best < 0 || counts.get(i) > counts.get(best)) {
        best = i;
      }
    }
    return best < 0 ? null : distinct.get(best);
  }
}
