package dev.longspan.spark.suite;

import dev.longspan.datasets.Sample;
import dev.longspan.eval.Generation;
import dev.longspan.eval.code.CodeGrades;
import dev.longspan.eval.score.SuiteScorer;
import dev.longspan.eval.score.SuiteScorers;
import dev.longspan.spark.run.GenerationTable;
import dev.longspan.spark.run.RowSink;
import dev.longspan.spark.run.RunFolder;
import dev.longspan.spark.run.SampleTable;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.hadoop.fs.Path;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.ForeachPartitionFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;

/**
 * What takes the place of a model to test everything else: the oracle answers what has to be scored
 * as right, null what has to be scored as wrong.
 */
public enum PseudoModel {
  /** Feeds the references: has to score 100. */
  ORACLE {
    @Override
    String answer(SuiteScorer scorer, Sample sample) {
      return scorer.oracle(sample);
    }
  },
  /** Knows nothing: has to score about 0. */
  NULL {
    @Override
    String answer(SuiteScorer scorer, Sample sample) {
      return scorer.nothing(sample);
    }
  };

  /** Names that stand for pseudo-models on the command line. */
  public static final List<String> NAMES = List.of("oracle", "null");

  private static final int FLUSH_SECONDS = 10;

  /** Returns the pseudo-model of that name. */
  public static PseudoModel of(String name) {
    return values()[NAMES.indexOf(name)];
  }

  /** Returns the name on the command line, which is the method's in scores. */
  public String id() {
    return NAMES.get(ordinal());
  }

  abstract String answer(SuiteScorer scorer, Sample sample);

  /**
   * Answers all samples anew.
   *
   * @param samples rows of {@link SampleTable#SCHEMA}
   * @return the number of answers
   */
  public long run(SparkSession spark, Dataset<Row> samples, RunFolder folder) throws IOException {
    for (Path file : folder.parquet(folder.generations())) {
      folder.delete(file);
    }
    samples.foreachPartition(writer(spark, folder.generations().toString()));
    return samples.count();
  }

  private ForeachPartitionFunction<Row> writer(SparkSession spark, String target) {
    SerializableConfiguration conf =
        new SerializableConfiguration(spark.sparkContext().hadoopConfiguration());
    String job = UUID.randomUUID().toString().substring(0, 8);
    return rows -> {
      TaskContext task = TaskContext.get();
      SuiteScorers scorers = SuiteScorers.of(Map.of(), CodeGrades.NONE);
      try (RowSink sink =
          new RowSink(
              conf.value(),
              GenerationTable.SCHEMA,
              new Path(target),
              RowSink.prefix(job, task.partitionId()),
              task.attemptNumber(),
              FLUSH_SECONDS)) {
        while (rows.hasNext()) {
          Row row = rows.next();
          Sample sample = SampleTable.sample(row);
          String text = answer(scorers.of(sample.suite()), sample);
          sink.add(GenerationTable.row(generation(sample, text, SampleTable.promptTokens(row))));
        }
      }
    };
  }

  private Generation generation(Sample sample, String text, int promptTokens) {
    return new Generation(
        String.join("/", sample.suite(), sample.task(), "" + sample.length(), sample.id(), id()),
        sample.suite(),
        sample.task(),
        sample.length(),
        sample.id(),
        0,
        id(),
        text,
        promptTokens,
        0,
        "stop",
        null,
        null,
        0,
        0);
  }
}
