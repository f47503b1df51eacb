package dev.longspan.spark;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.longspan.datasets.Sample;
import dev.longspan.datasets.SampleFiles;
import dev.longspan.eval.code.CodeLimits;
import dev.longspan.eval.code.Sandbox;
import dev.longspan.spark.run.Json;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Reads what commands wrote. */
public final class Written {
  private Written() {}

  /** Returns the samples of a file of 'prepare'. */
  public static List<Sample> samples(Path file) {
    try (Stream<Sample> rows = SampleFiles.read(file)) {
      return rows.toList();
    }
  }

  /** Returns scores.json of a folder. */
  public static JsonNode scores(Path folder) throws IOException {
    return Json.MAPPER.readTree(folder.resolve("scores.json").toFile());
  }

  /** Returns the first score of a suite, a task and a metric. */
  public static JsonNode score(Path folder, String suite, String task, String metric)
      throws IOException {
    for (JsonNode score : scores(folder).path("scores")) {
      if (score.path("suite").asText().equals(suite)
          && score.path("task").asText().equals(task)
          && score.path("metric").asText().startsWith(metric)) {
        return score;
      }
    }
    throw new AssertionError("no " + metric + " of " + suite + " " + task);
  }

  /** Returns why no sandbox for programs works here; null if one does. */
  public static String sandboxRefusal() throws IOException {
    try {
      Sandbox.open("python3", CodeLimits.DEFAULT, false).close();
      return null;
    } catch (IllegalStateException e) {
      return e.getMessage();
    }
  }

  /** Skips the test that asks where no sandbox for programs works. */
  public static void assumeSandbox() throws IOException {
    String refusal = sandboxRefusal();
    assumeTrue(refusal == null, refusal);
  }
}
