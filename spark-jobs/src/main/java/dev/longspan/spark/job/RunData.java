package dev.longspan.spark.job;

import com.fasterxml.jackson.databind.JsonNode;
import dev.longspan.eval.Generation;
import dev.longspan.eval.SampleSummary;
import dev.longspan.spark.UsageException;
import dev.longspan.spark.run.GenerationTable;
import dev.longspan.spark.run.RunFolder;
import dev.longspan.spark.run.SampleTable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * What a finished run says.
 *
 * @param manifest manifest.json
 * @param samples what was asked
 * @param generations what was answered
 */
public record RunData(
    JsonNode manifest, List<SampleSummary> samples, List<Generation> generations) {

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
        manifest, summaries(new Preparation(spark, folder).rows()), generations(store.rows()));
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

  /** Returns the names of the methods, the baseline first. */
  public List<String> methods() {
    List<String> names = new ArrayList<>();
    manifest.path("methods").forEach(method -> names.add(method.path("name").asText()));
    return names;
  }
}
