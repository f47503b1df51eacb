package dev.longspan.eval.score;

import dev.longspan.eval.score.ScoredSuite.Item;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiPredicate;
import java.util.stream.Stream;

/** What several answers to one problem say together. */
public final class Attempts {
  private Attempts() {}

  /** Returns the least number of answers that a method gave to one of {@code items}. */
  public static int least(List<Item> items, String method) {
    return items.stream().mapToInt(item -> item.answers().get(method).size()).min().orElse(0);
  }

  /**
   * Returns the numbers k above 1 for which pass@k is usually told and every item has k answers.
   */
  public static List<Integer> sizes(List<Item> items, String method) {
    int least = least(items, method);
    return Stream.of(2, 4, 5, 8, 10, 16, 32, 64).filter(k -> k <= least).toList();
  }

  /** Returns pass@k of answers that are right or wrong. */
  public static double passAt(int k, List<Answer> answers) {
    int right = (int) answers.stream().filter(answer -> answer.value() == 1).count();
    return passAt(k, answers.size(), right);
  }

  /**
   * Returns the probability that {@code k} of {@code n} answers, drawn without replacement, hold
   * one of the {@code right} ones: the unbiased pass@k of Chen et al. 2021.
   *
   * @throws IllegalArgumentException unless {@code 1 <= k <= n}
   */
  public static double passAt(int k, int n, int right) {
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
  public static String majority(List<String> answers, BiPredicate<String, String> same) {
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
