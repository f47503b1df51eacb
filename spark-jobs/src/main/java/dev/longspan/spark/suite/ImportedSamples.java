package dev.longspan.spark.suite;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.datasets.Message;
import dev.longspan.datasets.Sample;
import dev.longspan.spark.UsageException;
import dev.longspan.spark.job.Digest;
import dev.longspan.spark.job.PromptFormat;
import dev.longspan.spark.model.TokenizerSpec;
import dev.longspan.spark.run.Json;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Samples that exist already.
 *
 * @param samples all of them
 */
public record ImportedSamples(List<Sample> samples) implements SampleSet {

  /**
   * Checks that the samples can be scored.
   *
   * @throws UsageException if one has no reference
   */
  public ImportedSamples {
    samples = List.copyOf(samples);
    for (Sample sample : samples) {
      if (sample.references().isEmpty()) {
        throw new UsageException(
            String.format(
                "The sample %s of %s/%s at %d has no reference; it can't be scored.",
                sample.id(), sample.suite(), sample.task(), sample.length()));
      }
    }
  }

  @Override
  public List<ObjectNode> manifests() {
    Map<String, List<Sample>> suites =
        samples.stream()
            .collect(Collectors.groupingBy(Sample::suite, TreeMap::new, Collectors.toList()));
    List<ObjectNode> nodes = new ArrayList<>();
    suites.forEach((name, rows) -> nodes.add(manifest(name, rows)));
    return nodes;
  }

  private static ObjectNode manifest(String name, List<Sample> rows) {
    ObjectNode node =
        Json.MAPPER
            .createObjectNode()
            .put("name", name)
            .put("version", "imported:" + digest(rows).substring(0, 12));
    rows.stream().map(Sample::task).distinct().forEach(node.putArray("tasks")::add);
    rows.stream().map(Sample::length).distinct().sorted().forEach(node.putArray("lengths")::add);
    long most =
        rows.stream()
            .collect(
                Collectors.groupingBy(s -> List.of(s.task(), s.length()), Collectors.counting()))
            .values()
            .stream()
            .mapToLong(Long::longValue)
            .max()
            .orElse(0);
    node.put("samples", most);
    rows.stream()
        .map(sample -> sample.info().get("haystack"))
        .filter(haystack -> haystack != null)
        .distinct()
        .reduce((a, b) -> a + ", " + b)
        .ifPresent(haystack -> node.put("haystack", haystack));
    return node;
  }

  /** Returns a digest of everything in the samples. */
  static String digest(List<Sample> samples) {
    Digest digest = new Digest();
    for (Sample sample : samples) {
      digest.add(sample.suite()).add(sample.task()).add(sample.length()).add(sample.id());
      for (Message message : sample.messages()) {
        digest.add(message.role()).add(message.content());
      }
      digest.add(sample.answerPrefix()).add(sample.maxNewTokens());
      sample.references().forEach(digest::add);
      new TreeMap<>(sample.info()).forEach((key, value) -> digest.add(key).add(value));
    }
    return digest.hex();
  }

  @Override
  public Dataset<Row> prepare(Preparation preparation, TokenizerSpec tokenizer, PromptFormat format)
      throws IOException {
    return preparation.imported(samples, digest(samples).substring(0, 8));
  }
}
