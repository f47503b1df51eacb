package dev.longspan.spark.input;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.longspan.datasets.Sample;
import dev.longspan.datasets.ruler.RulerFiles;
import dev.longspan.eval.Generation;
import dev.longspan.eval.SampleSummary;
import dev.longspan.spark.UsageException;
import dev.longspan.spark.run.Json;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Answers that somebody else's model gave, with the samples they belong to.
 *
 * @param samples what was asked
 * @param generations what was answered
 */
public record Predictions(List<SampleSummary> samples, List<Generation> generations) {

  /** Returns the rows of RULER's own prediction files, which hold the references too. */
  public static Predictions ruler(Path fileOrFolder, String method) {
    List<SampleSummary> samples = new ArrayList<>();
    List<Generation> generations = new ArrayList<>();
    for (RulerFiles.Prediction row : RulerFiles.readPredictions(fileOrFolder)) {
      samples.add(SampleSummary.of(row.sample()));
      generations.add(generation(row.sample(), method, 0, row.text()));
    }
    return new Predictions(samples, generations);
  }

  /** Returns whether a path holds RULER's own prediction files. */
  public static boolean isRuler(Path path) {
    return Files.isDirectory(path) || SampleSources.firstRow(path).has("pred");
  }

  /**
   * Reads JSON Lines with {@code sample_id} and {@code text}, and where they are needed to find the
   * sample {@code task} and {@code length}; {@code method} and {@code attempt} may be there too.
   *
   * @param known the samples
   * @param method of rows that name none
   * @throws UsageException if a row can't be read or belongs to no sample; the message names it
   */
  public static Predictions jsonLines(Path file, List<Sample> known, String method) {
    Map<String, List<Sample>> byId = new HashMap<>();
    known.forEach(sample -> byId.computeIfAbsent(sample.id(), id -> new ArrayList<>()).add(sample));
    List<Generation> generations = new ArrayList<>();
    try (BufferedReader reader = Files.newBufferedReader(file)) {
      int number = 0;
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        number++;
        if (!line.isBlank()) {
          generations.add(row(file + ", line " + number, line, byId, method));
        }
      }
    } catch (IOException e) {
      throw new UsageException(file + " can't be read: " + e.getMessage(), e);
    }
    return new Predictions(known.stream().map(SampleSummary::of).toList(), generations);
  }

  private static Generation row(
      String place, String line, Map<String, List<Sample>> byId, String method) {
    JsonNode row;
    try {
      row = Json.MAPPER.readTree(line);
    } catch (JsonProcessingException e) {
      throw new UsageException(place + " is no JSON: " + e.getOriginalMessage(), e);
    }
    JsonNode id = row.path("sample_id").isMissingNode() ? row.path("id") : row.path("sample_id");
    if (!id.isTextual() && !id.isNumber()) {
      throw new UsageException(place + " has no 'sample_id' that names its sample.");
    }
    if (!row.path("text").isTextual()) {
      throw new UsageException(place + " has no 'text' with the answer.");
    }
    List<Sample> fitting =
        byId.getOrDefault(id.asText(), List.of()).stream()
            .filter(s -> !row.has("task") || s.task().equals(row.path("task").asText()))
            .filter(s -> !row.has("length") || s.length() == row.path("length").asInt())
            .toList();
    if (fitting.size() != 1) {
      throw new UsageException(
          place
              + ": the sample '"
              + id.asText()
              + "' "
              + (fitting.isEmpty()
                  ? "is not among the samples."
                  : "occurs " + fitting.size() + " times; add 'task' and 'length' to the row."));
    }
    return generation(
        fitting.get(0),
        row.path("method").asText(method),
        row.path("attempt").asInt(0),
        row.path("text").asText());
  }

  private static Generation generation(Sample sample, String method, int attempt, String text) {
    return new Generation(
        String.join("/", sample.task(), "" + sample.length(), sample.id(), method, "" + attempt),
        sample.suite(),
        sample.task(),
        sample.length(),
        sample.id(),
        attempt,
        method,
        text,
        0,
        0,
        "stop",
        null,
        null,
        0,
        0);
  }
}
