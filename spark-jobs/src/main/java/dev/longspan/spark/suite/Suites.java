package dev.longspan.spark.suite;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.datasets.Sample;
import dev.longspan.spark.job.PromptFormat;
import dev.longspan.spark.model.TokenizerSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * The samples of one or several benchmarks.
 *
 * @param suites each once
 */
public record Suites(List<SuiteSpec> suites) implements SampleSet {
  /** Copies the list. */
  public Suites {
    suites = List.copyOf(suites);
  }

  /**
   * Makes all samples here, in their order; some parts at a time, on all cores.
   *
   * @throws java.io.UncheckedIOException by the stream, if a file can't be read
   */
  public Stream<Sample> samples(PromptTools tools) {
    List<SuiteSpec.Part> parts = new ArrayList<>();
    suites.forEach(suite -> parts.addAll(suite.parts()));
    int batch = 2 * Runtime.getRuntime().availableProcessors();
    return IntStream.iterate(0, from -> from < parts.size(), from -> from + batch)
        .mapToObj(from -> parts.subList(from, Math.min(parts.size(), from + batch)))
        .flatMap(
            some ->
                some.parallelStream().map(part -> samples(part, tools)).toList().stream()
                    .flatMap(List::stream));
  }

  private static List<Sample> samples(SuiteSpec.Part part, PromptTools tools) {
    try {
      return part.samples(tools);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public List<ObjectNode> manifests() {
    return suites.stream().map(SuiteSpec::manifest).toList();
  }

  @Override
  public Dataset<Row> prepare(Preparation preparation, TokenizerSpec tokenizer, PromptFormat format)
      throws IOException {
    return preparation.prepared(suites, tokenizer, format);
  }
}
