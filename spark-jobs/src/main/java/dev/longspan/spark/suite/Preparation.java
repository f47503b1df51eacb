package dev.longspan.spark.suite;

import dev.longspan.datasets.Sample;
import dev.longspan.spark.job.Digest;
import dev.longspan.spark.job.PromptFormat;
import dev.longspan.spark.job.RunData;
import dev.longspan.spark.model.TokenizerSpec;
import dev.longspan.spark.run.RowParquet;
import dev.longspan.spark.run.RunFolder;
import dev.longspan.spark.run.SampleTable;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
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

/** Prepares the samples of a run: one Spark task and one file for each part of a suite. */
public final class Preparation {
  private static final Logger LOG = LoggerFactory.getLogger(Preparation.class);

  private final SparkSession spark;
  private final RunFolder folder;

  /** Prepares samples in {@code folder}. */
  public Preparation(SparkSession spark, RunFolder folder) {
    this.spark = spark;
    this.folder = folder;
  }

  /** A part and the file that holds its samples. */
  private record File(SuiteSpec.Part part, String name) implements Serializable {}

  /**
   * Makes what the folder lacks and removes the samples of other settings.
   *
   * @return rows of {@link SampleTable#SCHEMA}
   */
  Dataset<Row> prepared(List<SuiteSpec> suites, TokenizerSpec tokenizer, PromptFormat format)
      throws IOException {
    List<File> files = new ArrayList<>();
    for (SuiteSpec suite : suites) {
      String recipe =
          new Digest()
              .add(suite.recipe())
              .add(tokenizer.digest())
              .add(tokenizer.window())
              .add(format.digest(tokenizer.templateDigest()))
              .hex()
              .substring(0, 8);
      for (SuiteSpec.Part part : suite.parts()) {
        files.add(
            new File(
                part,
                String.format(Locale.ROOT, "%s-%s-%s.parquet", suite.name(), part.name(), recipe)));
      }
    }
    Set<String> present = keepOnly(files.stream().map(File::name).toList());
    List<File> missing = files.stream().filter(file -> !present.contains(file.name())).toList();
    if (!missing.isEmpty()) {
      LOG.info("preparing {} of {} parts", missing.size(), files.size());
      make(missing, tokenizer, format);
    }
    return rows();
  }

  /** Writes samples that exist already, and removes those of other settings. */
  Dataset<Row> imported(List<Sample> samples, String digest) throws IOException {
    String name = "imported-" + digest + ".parquet";
    if (keepOnly(List.of(name)).isEmpty()) {
      Configuration configuration = spark.sparkContext().hadoopConfiguration();
      try (PromptTools tools =
          PromptTools.open(TokenizerSpec.NONE, PromptFormat.PLAIN, configuration)) {
        write(configuration, new Path(folder.samples(), name), samples, tools);
      }
    }
    return rows();
  }

  /** Removes other files of samples and returns the names of those that are there. */
  private Set<String> keepOnly(List<String> wanted) throws IOException {
    Set<String> names = new HashSet<>(wanted);
    Set<String> present = new HashSet<>();
    for (Path file : folder.parquet(folder.samples())) {
      if (names.contains(file.getName())) {
        present.add(file.getName());
      } else {
        folder.delete(file);
      }
    }
    return present;
  }

  private void make(List<File> missing, TokenizerSpec tokenizer, PromptFormat format) {
    SerializableConfiguration conf =
        new SerializableConfiguration(spark.sparkContext().hadoopConfiguration());
    String target = folder.samples().toString();
    JavaSparkContext.fromSparkContext(spark.sparkContext())
        .parallelize(missing, missing.size())
        .foreach(
            file -> {
              Configuration hadoop = conf.value();
              try (PromptTools tools = PromptTools.open(tokenizer, format, hadoop)) {
                write(hadoop, new Path(target, file.name()), file.part().samples(tools), tools);
              }
            });
  }

  private static void write(
      Configuration configuration, Path file, List<Sample> samples, PromptTools tools)
      throws IOException {
    RowParquet.write(
        configuration,
        file,
        SampleTable.SCHEMA,
        () ->
            samples.stream()
                .map(sample -> SampleTable.row(sample, tools.promptTokens(sample)))
                .iterator());
  }

  /** Returns the samples that the folder holds. */
  private Dataset<Row> rows() throws IOException {
    return RunData.samples(spark, folder);
  }
}
