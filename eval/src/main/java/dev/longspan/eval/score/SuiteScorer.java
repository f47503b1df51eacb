package dev.longspan.eval.score;

import dev.longspan.datasets.Sample;
import dev.longspan.eval.SampleSummary;
import dev.longspan.eval.score.ScoredSuite.Item;
import dev.longspan.eval.stats.Estimate;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/** How one suite turns an answer into a value; one implementation for each suite. */
public interface SuiteScorer {
  /** Returns the suite's name, as samples carry it. */
  String suite();

  /** Returns the version of the scoring; it changes whenever equal answers score otherwise. */
  String version();

  /** Returns the tasks in the order in which reports list them. */
  List<String> tasks();

  /** Returns the name of the metric of {@code task}. */
  String metric(String task);

  /** Returns what the values are. */
  default Scale scale() {
    return Scale.PERCENT;
  }

  /**
   * Returns the variants in use that change scores, such as the dictionary, by name.
   *
   * @param tasks those that are scored
   */
  default Map<String, String> settings(List<String> tasks) {
    return Map.of();
  }

  /**
   * Returns the text that is scored: the answer less what the suite's rules remove.
   *
   * @param text the answer as generated
   */
  String clean(String text);

  /**
   * Returns the value of one answer, in the sense of {@link #scale}.
   *
   * @param sample what was asked, with at least one reference
   * @param answer the answer after {@link #clean}
   * @throws IllegalArgumentException if the sample lacks what its metric needs; the message names
   *     it
   */
  double value(SampleSummary sample, String answer);

  /** Returns how much an answer weighs where the scale has weights; 0 for one that says nothing. */
  default double weight(SampleSummary sample, String answer) {
    return 1;
  }

  /** Returns what else is to be said about an answer, such as the first test that failed. */
  default String remark(SampleSummary sample, String answer) {
    return "";
  }

  /**
   * Returns an answer that has to be scored as right: the answers of the pseudo-model oracle test
   * everything between the samples and the report.
   */
  String oracle(Sample sample);

  /** Returns the answer of a model that knows nothing, which has to be scored as wrong. */
  default String nothing(Sample sample) {
    return "";
  }

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
   * @param scale how it is shown
   * @param estimate the value, with its error
   * @param items the samples in it
   */
  record Figure(String task, String metric, Scale scale, Estimate estimate, List<Item> items) {
    /** A figure that is a share, shown as a percentage. */
    public Figure(String task, String metric, Estimate estimate, List<Item> items) {
      this(task, metric, Scale.PERCENT, estimate, items);
    }
  }

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
