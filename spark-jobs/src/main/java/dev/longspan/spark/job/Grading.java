package dev.longspan.spark.job;

import dev.longspan.datasets.livecodebench.CodeTests;
import dev.longspan.datasets.livecodebench.LiveCodeBench;
import dev.longspan.eval.Generation;
import dev.longspan.eval.code.CodeExtraction;
import dev.longspan.eval.code.CodeGrader;
import dev.longspan.eval.code.CodeGrades;
import dev.longspan.spark.run.GradeTable;
import dev.longspan.spark.run.RowSink;
import dev.longspan.spark.run.RunFolder;
import dev.longspan.spark.run.SampleTable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.hadoop.fs.Path;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.ForeachPartitionFunction;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Runs the programs of LiveCodeBench's answers on their tests, spread over Spark tasks, and keeps
 * the verdicts in the run folder: each program once, however often the job is started again.
 */
public final class Grading {
  private static final int PROGRAMS_PER_PARTITION = 4;
  private static final int FLUSH_SECONDS = 10;

  private static final StructType WORK =
      new StructType()
          .add("key", DataTypes.StringType, false)
          .add("sample_id", DataTypes.StringType, false)
          .add("program", DataTypes.StringType, false);

  private final SparkSession spark;
  private final RunFolder folder;
  private final GradingSpec spec;

  /** Grades into {@code folder}. */
  public Grading(SparkSession spark, RunFolder folder, GradingSpec spec) {
    this.spark = spark;
    this.folder = folder;
    this.spec = spec;
  }

  /**
   * Grades what has no verdict yet.
   *
   * @param samples rows of {@link SampleTable#SCHEMA}, with their tests
   * @param generations the answers, of any suites
   * @param known verdicts of elsewhere, which are kept if their environment is this one
   * @param display told when grading begins and ends
   * @return the verdicts on all answers
   */
  public CodeGrades run(
      Dataset<Row> samples, List<Generation> generations, CodeGrades known, ProgressDisplay display)
      throws IOException {
    Map<String, Row> programs = programs(samples, generations);
    if (programs.isEmpty()) {
      return CodeGrades.NONE;
    }
    String environment = spec.environment();
    GradeStore store = new GradeStore(spark, folder);
    store.keep(environment);
    if (known.environment().equals(environment)) {
      programs.keySet().removeAll(known.verdicts().keySet());
    }
    programs.keySet().removeAll(store.grades().verdicts().keySet());
    if (!programs.isEmpty()) {
      display.show("grading " + programs.size() + " programs");
      grade(samples, new ArrayList<>(programs.values()), environment);
      display.end("graded " + programs.size() + " programs in " + environment);
    }
    CodeGrades graded = new CodeGrades(environment, store.grades().verdicts());
    return known.environment().equals(environment) ? graded.and(known) : graded;
  }

  /** Returns the different programs among the answers, by key. */
  private static Map<String, Row> programs(Dataset<Row> samples, List<Generation> generations) {
    List<Generation> answers =
        generations.stream()
            .filter(row -> row.suite().equals(LiveCodeBench.SUITE) && !row.failed())
            .toList();
    Map<String, Row> programs = new LinkedHashMap<>();
    if (answers.isEmpty()) {
      return programs;
    }
    Map<String, String> labels = new HashMap<>();
    problems(samples)
        .map(
            (MapFunction<Row, Row>)
                row -> RowFactory.create(row.getString(0), CodeTests.label(row.getString(1))),
            Encoders.row(PROBLEM))
        .collectAsList()
        .forEach(row -> labels.put(row.getString(0), row.getString(1)));
    for (Generation answer : answers) {
      String label = labels.get(answer.sampleId());
      if (label != null) {
        String program = CodeExtraction.program(answer.text());
        String key = CodeGrades.key(label, program);
        programs.putIfAbsent(key, RowFactory.create(key, answer.sampleId(), program));
      }
    }
    return programs;
  }

  private static final StructType PROBLEM =
      new StructType()
          .add("problem", DataTypes.StringType, false)
          .add("tests", DataTypes.StringType, false);

  private static Dataset<Row> problems(Dataset<Row> samples) {
    return samples
        .filter(functions.col("suite").equalTo(LiveCodeBench.SUITE))
        .select(
            functions.col("sample_id").as("problem"),
            functions.element_at(functions.col("references"), 1).as("tests"));
  }

  private void grade(Dataset<Row> samples, List<Row> work, String environment) {
    int cores = spark.sparkContext().defaultParallelism();
    int partitions = Math.max(Math.min(work.size(), cores), work.size() / PROGRAMS_PER_PARTITION);
    Dataset<Row> programs = spark.createDataFrame(work, WORK);
    programs
        .join(problems(samples), functions.col("sample_id").equalTo(functions.col("problem")))
        .select("key", "sample_id", "program", "tests")
        .repartition(partitions)
        .foreachPartition(grader(environment));
  }

  private ForeachPartitionFunction<Row> grader(String environment) {
    SerializableConfiguration conf =
        new SerializableConfiguration(spark.sparkContext().hadoopConfiguration());
    String target = folder.grades().toString();
    String job = UUID.randomUUID().toString().substring(0, 8);
    GradingSpec how = spec;
    return rows -> {
      TaskContext task = TaskContext.get();
      CodeGrader grader = Graders.of(how);
      int slot = Graders.take();
      try (RowSink sink =
          new RowSink(
              conf.value(),
              GradeTable.SCHEMA,
              new Path(target),
              RowSink.prefix(job, task.partitionId()),
              task.attemptNumber(),
              FLUSH_SECONDS)) {
        while (rows.hasNext()) {
          Row row = rows.next();
          CodeTests tests = CodeTests.unpack("the tests of " + row.getString(1), row.getString(3));
          sink.add(
              GradeTable.row(
                  row.getString(0),
                  row.getString(1),
                  environment,
                  grader.grade(slot, tests, row.getString(2))));
        }
      } finally {
        Graders.giveBack(slot);
      }
    };
  }
}
