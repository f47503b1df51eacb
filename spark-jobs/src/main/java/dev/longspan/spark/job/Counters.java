package dev.longspan.spark.job;

import dev.longspan.eval.Generation;
import java.io.Serializable;
import org.apache.spark.SparkContext;
import org.apache.spark.util.DoubleAccumulator;
import org.apache.spark.util.LongAccumulator;

/**
 * What the tasks have done, as the driver sees it: their heartbeats carry the values.
 *
 * @param rows answers and errors
 * @param errors rows with an error
 * @param promptTokens of the answers
 * @param newTokens of the answers
 * @param cost estimated work of the rows, see {@link Cost}
 */
record Counters(
    LongAccumulator rows,
    LongAccumulator errors,
    LongAccumulator promptTokens,
    LongAccumulator newTokens,
    DoubleAccumulator cost)
    implements Serializable {
  /** Begins the names of these counters among those of Spark. */
  static final String PREFIX = "longspan.";

  static Counters register(SparkContext context) {
    return new Counters(
        context.longAccumulator(PREFIX + "rows"),
        context.longAccumulator(PREFIX + "errors"),
        context.longAccumulator(PREFIX + "promptTokens"),
        context.longAccumulator(PREFIX + "newTokens"),
        context.doubleAccumulator(PREFIX + "cost"));
  }

  void add(Generation answer, double work) {
    rows.add(1);
    cost.add(work);
    if (answer.failed()) {
      errors.add(1);
    } else {
      promptTokens.add(answer.promptTokens());
      newTokens.add(answer.newTokens());
    }
  }
}
