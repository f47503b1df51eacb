package dev.longspan.eval.score;

import dev.longspan.eval.SampleSummary;
import dev.longspan.eval.score.ScoredSuite.Item;
import dev.longspan.eval.stats.Estimate;
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
   * @param sample what was asked, with at least one reference
   * @param answer the answer after {@link #clean}
   * @throws IllegalArgumentException if the sample lacks what its metric needs; the message names
   *     it
   */
  double value(SampleSummary sample, String answer);

  /**
   * Returns the percentage that a length has to exceed to count as effective, where the suite
   * defines one.
   */
  default OptionalDouble effectiveThreshold() {
    return OptionalDouble.empty();
  }

  /**
   * One more value of a method, beside the means of its tasks.
   *
   * @param task task or group of tasks that it is of
   * @param metric name of the metric
   * @param estimate the value as a fraction, with its error
   * @param items the samples in it
   */
  record Figure(String task, String metric, Estimate estimate, List<Item> items) {}

  /**
   * Returns the figures that only this suite has, such as pass@k or the mean of a group of tasks.
   *
   * @param suite the scored samples
   * @param method whose figures
   * @param seed seed of the bootstrap, the same for every method
   */
  default List<Figure> figures(ScoredSuite suite, String method, long seed) {
    return List.of();
  }
}
