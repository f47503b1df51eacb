package dev.longspan.spark.job;

import dev.longspan.datasets.Message;
import dev.longspan.datasets.Sample;
import dev.longspan.datasets.TokenCounter;
import dev.longspan.datasets.ruler.Ruler;
import dev.longspan.kernels.tokenizer.Tokenizer;
import dev.longspan.spark.model.LoadedModel;
import dev.longspan.spark.model.ModelCache;
import dev.longspan.spark.run.RowParquet;
import dev.longspan.spark.run.RunFolder;
import dev.longspan.spark.run.SampleTable;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Prepares the samples of a run: one Spark task and one file for each task and length. */
public final class Preparation {
  private static final Logger LOG = LoggerFactory.getLogger(Preparation.class);

  private final SparkSession spark;
  private final RunFolder folder;

  /** Prepares samples in {@code folder}. */
  public Preparation(SparkSession spark, RunFolder folder) {
    this.spark = spark;
    this.folder = folder;
  }

  /**
   * Generates what the folder lacks and removes the samples of other settings.
   *
   * @param template whether prompts pass the chat template, which decides their length
   * @return rows of {@link SampleTable#SCHEMA}
   */
  Dataset<Row> generated(SuiteSpec suite, LoadedModel model, boolean template) throws IOException {
    String recipe =
        suite
            .recipe(model.tokenizerDigest(), template ? model.templateDigest() : "none")
            .substring(0, 8);
    Set<String> present =
        keepOnly(suite.cells().stream().map(c -> name(suite, c, recipe)).toList());
    List<SuiteSpec.Cell> missing =
        suite.cells().stream()
            .filter(cell -> !present.contains(name(suite, cell, recipe)))
            .toList();
    if (!missing.isEmpty()) {
      LOG.info(
          "preparing {} of {} cells, {} samples each",
          missing.size(),
          suite.cells().size(),
          suite.samples());
      generate(suite, model.location(), template, recipe, missing);
    }
    return rows();
  }

  /** Writes samples that exist already, and removes those of other settings. */
  Dataset<Row> imported(List<Sample> samples, String digest) throws IOException {
    String name = "imported-" + digest + ".parquet";
    if (keepOnly(List.of(name)).isEmpty()) {
      RowParquet.write(
          spark.sparkContext().hadoopConfiguration(),
          new Path(folder.samples(), name),
          SampleTable.SCHEMA,
          samples.stream().map(sample -> SampleTable.row(sample, estimate(sample))).toList());
    }
    return rows();
  }

  private static int estimate(Sample sample) {
    int characters = sample.answerPrefix().length();
    for (Message message : sample.messages()) {
      characters += message.content().length();
    }
    return SampleTable.estimateTokens(characters);
  }

  /** Removes other files of samples and returns the names of those that are there. */
  private Set<String> keepOnly(List<String> wanted) throws IOException {
    Set<String> present = new HashSet<>();
    for (Path file : folder.parquet(folder.samples())) {
      if (wanted.contains(file.getName())) {
        present.add(file.getName());
      } else {
        folder.delete(file);
      }
    }
    return present;
  }

  private void generate(
      SuiteSpec suite,
      String model,
      boolean template,
      String recipe,
      List<SuiteSpec.Cell> missing) {
    SerializableConfiguration conf =
        new SerializableConfiguration(spark.sparkContext().hadoopConfiguration());
    String target = folder.samples().toString();
    JavaSparkContext.fromSparkContext(spark.sparkContext())
        .parallelize(missing, missing.size())
        .foreach(
            cell -> {
              Configuration hadoop = conf.value();
              try (Tokenizer tokenizer =
                  Tokenizer.load(ModelCache.ofUser(hadoop).localise(model))) {
                TokenCounter counter =
                    (messages, prefix) ->
                        Prompts.tokens(tokenizer, messages, prefix, template).length;
                write(hadoop, new Path(target, name(suite, cell, recipe)), suite, cell, counter);
              }
            });
  }

  private static void write(
      Configuration configuration,
      Path file,
      SuiteSpec suite,
      SuiteSpec.Cell cell,
      TokenCounter counter)
      throws IOException {
    Ruler ruler = suite.generator();
    List<Row> rows =
        ruler.cell(cell.task(), cell.length(), counter).stream()
            .map(sample -> row(sample, counter))
            .toList();
    RowParquet.write(configuration, file, SampleTable.SCHEMA, rows);
  }

  private static Row row(Sample sample, TokenCounter counter) {
    return SampleTable.row(sample, counter.count(sample.messages(), sample.answerPrefix()));
  }

  private static String name(SuiteSpec suite, SuiteSpec.Cell cell, String recipe) {
    return String.format(
        Locale.ROOT, "%s-%s-%d-%s.parquet", suite.name(), cell.task(), cell.length(), recipe);
  }

  /** Returns the samples that the folder holds. */
  public Dataset<Row> rows() throws IOException {
    String[] files =
        folder.parquet(folder.samples()).stream().map(Path::toString).toArray(String[]::new);
    return spark.read().schema(SampleTable.SCHEMA).parquet(files);
  }
}
