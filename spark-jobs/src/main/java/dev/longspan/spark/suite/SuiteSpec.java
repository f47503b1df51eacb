package dev.longspan.spark.suite;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.datasets.Sample;
import java.io.IOException;
import java.io.Serializable;
import java.util.List;

/** A benchmark and the samples wanted of it. */
public interface SuiteSpec extends Serializable {
  /** Returns the name of the suite. */
  String name();

  /** Returns the part of the manifest about the suite. */
  ObjectNode manifest();

  /** Returns a digest of all that decides the samples, the tokenizer aside. */
  String recipe();

  /** Returns what is prepared one by one, in the order of the samples. */
  List<? extends Part> parts();

  /** Some samples of a suite: what one Spark task prepares. */
  interface Part extends Serializable {
    /** Returns the name of the part, unique within the suite and fit for the name of a file. */
    String name();

    /**
     * Makes the samples.
     *
     * @throws dev.longspan.datasets.DatasetException if a file can't be used
     */
    List<Sample> samples(PromptTools tools) throws IOException;
  }
}
