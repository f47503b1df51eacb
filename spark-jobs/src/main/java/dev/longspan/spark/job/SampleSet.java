package dev.longspan.spark.job;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.spark.model.LoadedModel;
import java.io.IOException;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** Where the samples of an evaluation come from. */
public sealed interface SampleSet permits SuiteSpec, ImportedSamples {
  /** Returns the part of the manifest about the suites. */
  List<ObjectNode> manifests();

  /**
   * Puts the samples into the run folder unless they are there.
   *
   * @param template whether prompts pass the chat template
   * @return rows of {@link dev.longspan.spark.run.SampleTable#SCHEMA}
   */
  Dataset<Row> prepare(Preparation preparation, LoadedModel model, boolean template)
      throws IOException;
}
