package dev.longspan.spark.input;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.longspan.datasets.Sample;
import dev.longspan.datasets.SampleFiles;
import dev.longspan.datasets.ruler.RulerFiles;
import dev.longspan.spark.UsageException;
import dev.longspan.spark.run.Json;
import dev.longspan.spark.run.Locations;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Samples that exist already: as {@code prepare} writes them, or in RULER's own layout. */
public final class SampleSources {
  private SampleSources() {}

  /** Returns whether each of {@code names} is a local file of samples that 'prepare' wrote. */
  public static boolean prepared(List<String> names) {
    return names.stream()
        .map(Locations::local)
        .allMatch(
            path ->
                path != null
                    && Files.isRegularFile(path)
                    && path.toString().endsWith(".jsonl")
                    && firstRow(path).has("messages"));
  }

  /**
   * Reads samples.
   *
   * @param names files of JSON Lines, or folders in RULER's layout
   * @throws UsageException if a name does not exist or there is no sample
   * @throws dev.longspan.datasets.DatasetException if a row is no sample; the message names it
   */
  public static List<Sample> read(String option, List<String> names) {
    List<Sample> samples = new ArrayList<>();
    for (String name : names) {
      Path path = Path.of(name);
      if (!Files.exists(path)) {
        throw new UsageException(option + " " + name + ": there is no such file or folder.");
      }
      if (Files.isDirectory(path) || firstRow(path).has("outputs")) {
        samples.addAll(RulerFiles.read(path));
      } else {
        try (Stream<Sample> rows = SampleFiles.read(path)) {
          rows.forEach(samples::add);
        }
      }
    }
    if (samples.isEmpty()) {
      throw new UsageException(option + " " + String.join(",", names) + " holds no samples.");
    }
    return samples;
  }

  /** Returns the first object of a file of JSON Lines, empty if the line is no object. */
  static JsonNode firstRow(Path file) {
    try (BufferedReader reader = Files.newBufferedReader(file)) {
      String line = reader.readLine();
      while (line != null && line.isBlank()) {
        line = reader.readLine();
      }
      if (line == null) {
        throw new UsageException(file + " is empty.");
      }
      return Json.MAPPER.readTree(line);
    } catch (JsonProcessingException e) {
      // The reader of the rows says what is wrong with the first one.
      return Json.MAPPER.createObjectNode();
    } catch (IOException e) {
      throw new UsageException(file + " can't be read: " + e.getMessage(), e);
    }
  }
}
