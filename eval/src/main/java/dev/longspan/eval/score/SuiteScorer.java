package dev.longspan.eval.score;

import java.util.List;
import java.util.OptionalDouble;

/** How one suite turns an answer into a value; one implementation for each suite. */
public interface SuiteScorer {
  /** Returns the suite's name, as samples carry it. */
  String suite();

  /** Returns the tasks in the order in which reports list them. */
  List<String> tasks();

  /** Returns the name of the metric of {@code task}. */
  String metric(String task);

  /**
   * Returns the text that is scored: the answer less what the suite's rules remove.
   *
   * @param text the answer as generated
   */
  String clean(String text);

  /**
   * Returns the value of one answer, from 0 (wrong) to 1 (right).
   *
   * @param task task of the sample
   * @param answer the answer after {@link #clean}
   * @param references the accepted answers, at least one
   */
  double value(String task, String answer, List<String> references);

  /**
   * Returns the percentage that a length has to exceed to count as effective, where the suite
   * defines one.
   */
  default OptionalDouble effectiveThreshold() {
    return OptionalDouble.empty();
  }
}
