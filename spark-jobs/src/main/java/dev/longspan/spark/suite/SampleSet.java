package dev.longspan.spark.suite;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.spark.job.PromptFormat;
import dev.longspan.spark.model.TokenizerSpec;
import java.io.IOException;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** Where the samples of an evaluation come from. */
public sealed interface SampleSet permits Suites, ImportedSamples {
  /** Returns the part of the manifest about the suites. */
  List<ObjectNode> manifests();

  /** Returns the names of the suites. */
  default List<String> names() {
    return manifests().stream().map(node -> node.path("name").asText()).toList();
  }

  /**
   * Puts the samples into the run folder unless they are there.
   *
   * @param tokenizer of the evaluated model, or none
   * @param format of the prompts
   * @return rows of {@link dev.longspan.spark.run.SampleTable#SCHEMA}
   */
  Dataset<Row> prepare(Preparation preparation, TokenizerSpec tokenizer, PromptFormat format)
      throws IOException;
}
