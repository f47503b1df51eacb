package dev.longspan.spark.job;

import dev.longspan.datasets.Sample;
import dev.longspan.spark.run.SampleTable;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Row;

/**
 * Turns a sample into the answers that are wanted of it.
 *
 * @param keys names them
 * @param settings of each method
 * @param costs of each method
 * @param attempts answers a method
 */
record Planner(Keys keys, List<String> settings, List<Cost> costs, int attempts)
    implements Serializable {

  /** Returns rows of {@link Work#SCHEMA} for a row of {@link Work#INPUT}. */
  List<Row> plan(Row input) {
    Sample sample = SampleTable.sample(input);
    String problem = Work.problem(input);
    int promptTokens = SampleTable.promptTokens(input);
    List<Row> rows = new ArrayList<>();
    for (int method = 0; method < settings.size(); method++) {
      double cost = problem == null ? costs.get(method).of(promptTokens, sample.maxNewTokens()) : 0;
      for (int attempt = 0; attempt < attempts; attempt++) {
        String key = keys.key(sample, problem, settings.get(method), attempt);
        rows.add(Work.row(input, key, method, attempt, cost));
      }
    }
    return rows;
  }
}
