package dev.longspan.spark.job;

import dev.longspan.spark.run.GenerationTable;
import dev.longspan.spark.run.RowParquet;
import dev.longspan.spark.run.RunFolder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.functions;
import org.apache.spark.util.SerializableConfiguration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The answers that a run folder holds, across kills and restarts. */
final class GenerationStore {
  private static final Logger LOG = LoggerFactory.getLogger(GenerationStore.class);
  private static final int MANY_FILES = 16;
  private static final long ROWS_PER_FILE = 100_000;

  private final SparkSession spark;
  private final RunFolder folder;
  private final SerializableConfiguration configuration;

  GenerationStore(SparkSession spark, RunFolder folder) {
    this.spark = spark;
    this.folder = folder;
    configuration = new SerializableConfiguration(spark.sparkContext().hadoopConfiguration());
  }

  /**
   * Removes half-written files and sets aside what can't be read: a machine that lost power can
   * leave a file with a proper name and half of its content.
   */
  void repair() throws IOException {
    folder.sweep();
    List<String> files = folder.parquet(folder.generations()).stream().map(Path::toString).toList();
    if (files.isEmpty()) {
      return;
    }
    SerializableConfiguration conf = configuration;
    JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    List<String> broken =
        context
            .parallelize(files, Math.min(files.size(), 4 * context.defaultParallelism()))
            .filter(file -> !readable(conf.value(), file))
            .collect();
    for (String file : broken) {
      Path aside = folder.setAside(new Path(file));
      LOG.warn(
          "{} is torn or no Parquet file; its rows are computed again. It is now {}", file, aside);
    }
  }

  private static boolean readable(Configuration configuration, String file) {
    try {
      RowParquet.read(configuration, new Path(file), group -> {});
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** Returns all rows, with the columns of {@link GenerationTable#SCHEMA}. */
  Dataset<Row> rows() throws IOException {
    String[] files =
        folder.parquet(folder.generations()).stream().map(Path::toString).toArray(String[]::new);
    return files.length == 0
        ? spark.createDataFrame(List.of(), GenerationTable.SCHEMA)
        : spark.read().schema(GenerationTable.SCHEMA).parquet(files);
  }

  /** Returns the keys that need no work. */
  Dataset<Row> finished(boolean retryErrors) throws IOException {
    Dataset<Row> rows = rows();
    var answered = functions.col("error").isNull();
    if (!retryErrors) {
      answered =
          answered.or(
              functions.not(
                  functions.col("error.code").isin(ErrorCodes.TRANSIENT.toArray(Object[]::new))));
    }
    return rows.filter(answered).select("key").distinct();
  }

  /**
   * Returns the keys that earlier attempts of a task have written, by the beginning of the name.
   */
  static Set<String> written(Configuration configuration, String folder, String prefix)
      throws IOException {
    Set<String> keys = new HashSet<>();
    for (Path file : RunFolder.open(folder, configuration).parquet(new Path(folder))) {
      if (file.getName().startsWith(prefix)) {
        RowParquet.read(configuration, file, row -> keys.add(row.getString("key", 0)));
      }
    }
    return keys;
  }

  /**
   * Leaves each planned key once, and few files, if it is not so already.
   *
   * <p>The new files are complete before the old ones go. A kill in between leaves rows twice,
   * which the next call finds.
   *
   * @param planned the keys of the run, without repetition
   */
  void compact(Dataset<Row> planned) throws IOException {
    List<Path> old = folder.parquet(folder.generations());
    Dataset<Row> rows = rows();
    long all = rows.count();
    Dataset<Row> wanted =
        rows.join(planned, rows.col("key").equalTo(planned.col("key")), "left_semi");
    long kept = wanted.select("key").distinct().count();
    long files = Math.max(1, (kept + ROWS_PER_FILE - 1) / ROWS_PER_FILE);
    if (all == kept && old.size() <= Math.max(MANY_FILES, 2 * files)) {
      return;
    }
    Dataset<Row> once =
        wanted
            .withColumn(
                "rank",
                functions
                    .row_number()
                    .over(
                        Window.partitionBy("key")
                            .orderBy(functions.col("error").isNotNull(), functions.col("text"))))
            .filter(functions.col("rank").equalTo(1))
            .drop("rank")
            .coalesce((int) files);
    String target = folder.generations().toString();
    String name = UUID.randomUUID().toString().substring(0, 8);
    SerializableConfiguration conf = configuration;
    List<String> written =
        once.mapPartitions(
                (MapPartitionsFunction<Row, String>)
                    part -> {
                      TaskContext task = TaskContext.get();
                      Path file =
                          new Path(
                              target,
                              String.format(
                                  Locale.ROOT,
                                  "all-%s-%05d-%d.parquet",
                                  name,
                                  task.partitionId(),
                                  task.attemptNumber()));
                      RowParquet.write(conf.value(), file, GenerationTable.SCHEMA, () -> part);
                      return List.of(file.getName()).iterator();
                    },
                Encoders.STRING())
            .collectAsList();
    Set<String> keep = new HashSet<>(written);
    List<Path> gone = new ArrayList<>(folder.parquet(folder.generations()));
    gone.removeIf(file -> keep.contains(file.getName()));
    for (Path file : gone) {
      folder.delete(file);
    }
  }
}
