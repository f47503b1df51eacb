package dev.longspan.spark.job;

import dev.longspan.datasets.livecodebench.LiveCodeBench;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.spark.UsageException;
import dev.longspan.spark.model.LoadedModel;
import dev.longspan.spark.run.GenerationTable;
import dev.longspan.spark.run.RowSink;
import dev.longspan.spark.run.RunFolder;
import dev.longspan.spark.run.SampleTable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.api.java.function.ForeachPartitionFunction;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;
import org.apache.spark.util.TaskCompletionListener;

/**
 * Answers samples and writes the answers to a run folder: each key once, however often the job is
 * killed and started again.
 */
public final class InferenceJob {
  private static final StructType ASSIGNMENT =
      new StructType()
          .add("key", DataTypes.StringType, false)
          .add("partition", DataTypes.IntegerType, false);

  private final SparkSession spark;
  private final JobSpec spec;
  private final LoadedModel model;
  private final RunFolder folder;
  private final SerializableConfiguration configuration;

  /**
   * What a job did.
   *
   * @param rows answers and errors that the folder now holds for the job
   * @param errors rows with an error among them
   * @param reused rows that were there before
   * @param repeated input rows that have the key of another and share its answer
   */
  public record Outcome(long rows, long errors, long reused, long repeated) {}

  /** Prepares a job; {@code model} is that of {@code spec}. */
  public InferenceJob(SparkSession spark, JobSpec spec, LoadedModel model, RunFolder folder) {
    this.spark = spark;
    this.spec = spec;
    this.model = model;
    this.folder = folder;
    configuration = new SerializableConfiguration(spark.sparkContext().hadoopConfiguration());
  }

  /**
   * Returns samples as the input of {@link #run}, without the tests of programs, which are large
   * and no part of a question.
   */
  public static Dataset<Row> input(Dataset<Row> samples) {
    Column references =
        functions
            .when(
                functions.col("suite").equalTo(LiveCodeBench.SUITE),
                functions.array().cast("array<string>"))
            .otherwise(functions.col("references"));
    return samples
        .withColumn("references", references)
        .withColumn("problem", functions.lit(null).cast(DataTypes.StringType));
  }

  /**
   * Computes what the folder lacks.
   *
   * @param input the columns of {@link SampleTable#SCHEMA}, and {@code problem}: what makes an
   *     input row unreadable, or null
   */
  public Outcome run(Dataset<Row> input, ProgressDisplay display) throws IOException {
    GenerationStore store = new GenerationStore(spark, folder);
    store.repair();
    Dataset<Row> work = work(input);
    // The input may be large: it is read once for the keys, and once more for what they lack.
    Dataset<Row> plan = work.select("key", "cost").persist();
    try {
      long asked = plan.count();
      if (asked == 0) {
        throw new UsageException("The input is empty: there is nothing to answer.");
      }
      Dataset<Row> finished = store.finished(spec.retryErrors());
      Map<String, Double> costs = new LinkedHashMap<>();
      Dataset<Row> todo =
          plan.join(finished, plan.col("key").equalTo(finished.col("key")), "left_anti");
      for (Iterator<Row> rows = todo.toLocalIterator(); rows.hasNext(); ) {
        Row row = rows.next();
        costs.put(row.getString(0), row.getDouble(1));
      }
      Dataset<Row> planned = plan.select("key").distinct();
      long all = planned.count();
      long reused = all - costs.size();
      if (!costs.isEmpty()) {
        infer(work, costs, reused, display);
      }
      store.compact(planned);
      long errors = store.rows().filter(functions.col("error").isNotNull()).count();
      return new Outcome(all, errors, reused, asked - all);
    } finally {
      plan.unpersist();
    }
  }

  /** Returns the rows of a finished job, with the columns of {@link GenerationTable#SCHEMA}. */
  public Dataset<Row> generations() throws IOException {
    return new GenerationStore(spark, folder).rows();
  }

  /** Each sample once for each method and attempt, with key and cost. */
  private Dataset<Row> work(Dataset<Row> input) {
    ModelConfig config = model.config();
    List<MethodSpec> methods = spec.methods();
    List<String> settings = methods.stream().map(m -> m.method(config).describe()).toList();
    Keys keys =
        new Keys(
            model.digest(),
            model.tokenizerDigest(),
            spec.format().digest(model.templateDigest()),
            spec.sampling());
    List<Cost> costs = methods.stream().map(m -> Cost.of(config, m.method(config))).toList();
    Planner planner = new Planner(keys, settings, costs, spec.attempts());
    return input.flatMap(
        (FlatMapFunction<Row, Row>) row -> planner.plan(row).iterator(), Encoders.row(Work.SCHEMA));
  }

  private void infer(
      Dataset<Row> work, Map<String, Double> costs, long reused, ProgressDisplay display) {
    int partitions = partitions(costs.size());
    double[] each = costs.values().stream().mapToDouble(Double::doubleValue).toArray();
    int[] assigned = Balance.assign(each, partitions);
    List<Row> rows = new ArrayList<>();
    for (String key : costs.keySet()) {
      rows.add(RowFactory.create(key, assigned[rows.size()]));
    }
    Dataset<Row> assignment = spark.createDataFrame(rows, ASSIGNMENT);
    Dataset<Row> balanced =
        work.join(assignment, "key")
            .select(columns())
            .repartitionById(partitions, functions.col("partition"))
            // One method after the other: a step that holds both can't tell what either costs.
            .sortWithinPartitions(
                functions.col("method"), functions.col("cost").desc(), functions.col("key"));
    Counters counters = Counters.register(spark.sparkContext());
    String job = UUID.randomUUID().toString().substring(0, 8);
    String target = folder.generations().toString();
    Dataset<Row> answers =
        balanced.mapPartitions(answer(job, target, counters), Encoders.row(GenerationTable.SCHEMA));
    double total = 0;
    for (double one : each) {
      total += one;
    }
    try (Progress progress =
        Progress.start(spark.sparkContext(), counters, costs.size(), reused, total, display)) {
      answers.foreachPartition(commit(job, target));
      progress.finish();
    }
  }

  private static Column[] columns() {
    List<Column> columns = new ArrayList<>();
    for (String name : Work.SCHEMA.fieldNames()) {
      columns.add(functions.col(name));
    }
    columns.add(functions.col("partition"));
    return columns.toArray(Column[]::new);
  }

  private int partitions(int rows) {
    int wanted =
        spec.partitions() > 0 ? spec.partitions() : 2 * spark.sparkContext().defaultParallelism();
    return Math.max(1, Math.min(rows, wanted));
  }

  private MapPartitionsFunction<Row, Row> answer(String job, String target, Counters counters) {
    JobSpec what = spec;
    SerializableConfiguration conf = configuration;
    return rows -> {
      TaskContext task = TaskContext.get();
      Configuration hadoop = conf.value();
      Set<String> done =
          task.attemptNumber() == 0
              ? Set.of()
              : GenerationStore.written(hadoop, target, RowSink.prefix(job, task.partitionId()));
      EngineLease lease = Engines.acquire(what.engine(), hadoop);
      Answers answers = new Answers(rows, lease, what, done, counters);
      task.addTaskCompletionListener((TaskCompletionListener) end -> answers.close());
      return answers;
    };
  }

  private ForeachPartitionFunction<Row> commit(String job, String target) {
    SerializableConfiguration conf = configuration;
    int flushSeconds = spec.flushSeconds();
    return rows -> {
      TaskContext task = TaskContext.get();
      try (RowSink sink =
          new RowSink(
              conf.value(),
              GenerationTable.SCHEMA,
              new Path(target),
              RowSink.prefix(job, task.partitionId()),
              task.attemptNumber(),
              flushSeconds)) {
        while (rows.hasNext()) {
          sink.add(rows.next());
        }
      }
    };
  }
}
