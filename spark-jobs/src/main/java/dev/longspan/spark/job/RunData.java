package dev.longspan.spark.job;

import com.fasterxml.jackson.databind.JsonNode;
import dev.longspan.eval.Generation;
import dev.longspan.eval.SampleSummary;
import dev.longspan.eval.code.CodeGrades;
import dev.longspan.spark.UsageException;
import dev.longspan.spark.run.GenerationTable;
import dev.longspan.spark.run.RunFolder;
import dev.longspan.spark.run.SampleTable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * What a finished run says.
 *
 * @param manifest manifest.json
 * @param samples what was asked
 * @param generations what was answered
 * @param grades verdicts on programs
 */
public record RunData(
    JsonNode manifest,
    List<SampleSummary> samples,
    List<Generation> generations,
    CodeGrades grades) {

  /**
   * Reads a run folder.
   *
   * @throws UsageException if it is none, or none of an evaluation
   */
  public static RunData read(SparkSession spark, RunFolder folder) throws IOException {
    JsonNode manifest = folder.manifest();
    if (manifest == null) {
      throw new UsageException(
          folder.location() + " holds no manifest.json, so it is no run folder.");
    }
    if (folder.parquet(folder.samples()).isEmpty()) {
      throw new UsageException(
          folder.location()
              + " holds no samples: only an evaluation can be scored and reported, and it must have"
              + " got that far.");
    }
    GenerationStore store = new GenerationStore(spark, folder);
    store.repair();
    return new RunData(
        manifest,
        summaries(samples(spark, folder)),
        generations(store.rows()),
        new GradeStore(spark, folder).grades());
  }

  /** Returns the samples that a run folder holds, as rows of {@link SampleTable#SCHEMA}. */
  public static Dataset<Row> samples(SparkSession spark, RunFolder folder) throws IOException {
    String[] files =
        folder.parquet(folder.samples()).stream().map(Path::toString).toArray(String[]::new);
    return spark.read().schema(SampleTable.SCHEMA).parquet(files);
  }

  /** Returns summaries of rows of {@link SampleTable#SCHEMA}, without their long prompts. */
  public static List<SampleSummary> summaries(Dataset<Row> samples) {
    List<SampleSummary> summaries = new ArrayList<>();
    samples.toLocalIterator().forEachRemaining(row -> summaries.add(SampleTable.summary(row)));
    return summaries;
  }

  /** Returns rows of {@link GenerationTable#SCHEMA}. */
  public static List<Generation> generations(Dataset<Row> rows) {
    return rows.collectAsList().stream().map(GenerationTable::generation).toList();
  }

  /** Returns the variants of scoring that the run chose. */
  public Map<String, String> scoring() {
    Map<String, String> options = new HashMap<>();
    manifest
        .path("scoring")
        .properties()
        .forEach(option -> options.put(option.getKey(), option.getValue().asText()));
    return options;
  }

  /** Returns the names of the methods, the baseline first. */
  public List<String> methods() {
    List<String> names = new ArrayList<>();
    manifest.path("methods").forEach(method -> names.add(method.path("name").asText()));
    return names;
  }
}
