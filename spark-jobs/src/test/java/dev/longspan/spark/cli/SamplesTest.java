package dev.longspan.spark.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.longspan.datasets.Sample;
import dev.longspan.datasets.SampleFiles;
import dev.longspan.datasets.ruler.RulerFiles;
import dev.longspan.spark.Cli;
import dev.longspan.spark.Rows;
import dev.longspan.spark.TinyModel;
import dev.longspan.spark.run.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Samples and predictions that travel between commands as files. */
class SamplesTest {
  @TempDir private static Path temp;
  private static Path file;
  private static List<Sample> samples;

  @BeforeAll
  static void prepare() {
    file = temp.resolve("below").resolve("samples.jsonl");
    // The tokenizer's folder is enough: no weights are read.
    Cli cli =
        Cli.run(
            "prepare",
            "--model",
            TinyModel.pocket(),
            "--tasks",
            "niah_single_1,vt",
            "--lengths",
            "512,768",
            "--samples",
            "2",
            "--out",
            file);
    assertEquals(0, cli.status(), cli.err());
    assertTrue(cli.out().contains("8 samples: " + file), cli.out());
    try (var rows = SampleFiles.read(file)) {
      samples = rows.toList();
    }
  }

  @Test
  void preparedSamplesDoNotDependOnThreads() throws IOException {
    Path again = temp.resolve("again.jsonl");
    Cli.run(
        "prepare",
        "--model",
        TinyModel.pocket(),
        "--tasks",
        "niah_single_1,vt",
        "--lengths",
        "512,768",
        "--samples",
        "2",
        "--out",
        again);
    assertEquals(Files.readString(file), Files.readString(again));
    assertEquals(8, samples.size());
  }

  @Test
  void filesAreEvaluatedInsteadOfGeneratedSamples() throws IOException {
    Path model = TinyModel.write(temp.resolve("model"), 1024, 2);
    Path official = temp.resolve("official");
    RulerFiles.write(official, samples);
    for (Path data : List.of(file, official)) {
      Path run = temp.resolve("run-of-" + data.getFileName());

      Cli cli =
          Cli.run(
              "evaluate",
              "--model",
              model,
              "--data",
              data,
              "--lengths",
              "512",
              "--attention",
              "dense",
              "--out",
              run,
              "--master",
              "local[2]");

      assertEquals(0, cli.status(), cli.err());
      assertEquals(4, Rows.of(run).size());
      JsonNode suite = Json.MAPPER.readTree(run.resolve("manifest.json").toFile()).at("/suites/0");
      assertEquals("ruler", suite.path("name").asText());
      assertEquals("[512]", suite.path("lengths").toString());
      assertTrue(suite.path("version").asText().startsWith("imported:"), suite.toString());
    }
    Cli none =
        Cli.run("evaluate", "--model", model, "--data", file, "--tasks", "qa_1", "--out", "x");
    assertEquals(2, none.status());
    assertTrue(none.err().contains("leave no sample"), none.err());
  }

  private static double score(Path out, String task) throws IOException {
    for (JsonNode score :
        Json.MAPPER.readTree(out.resolve("scores.json").toFile()).path("scores")) {
      if (score.path("task").asText().equals(task)
          && score.path("metric").asText().startsWith("string_match")) {
        return score.path("value").asDouble();
      }
    }
    throw new AssertionError("no score of " + task);
  }

  @Test
  void predictionsAreScoredWithoutAModel() throws IOException {
    StringBuilder lines = new StringBuilder();
    for (Sample sample : samples) {
      // Right answers to niah, none to vt.
      String text = sample.task().equals("vt") ? "?" : String.join(" ", sample.references());
      lines.append(
          "{\"sample_id\":\"%s\",\"task\":\"%s\",\"length\":%d,\"text\":\"%s\"}%n"
              .formatted(sample.id(), sample.task(), sample.length(), text));
    }
    Path predictions = Files.writeString(temp.resolve("predictions.jsonl"), lines);
    Path out = temp.resolve("scored");

    Cli cli =
        Cli.run(
            "score",
            "--predictions",
            predictions,
            "--sample-file",
            file,
            "--name",
            "mine",
            "--out",
            out);

    assertEquals(0, cli.status(), cli.err());
    assertTrue(cli.out().contains("mine"), cli.out());
    assertEquals(100, score(out, "niah_single_1"));
    assertEquals(0, score(out, "vt"));

    Path torn = Files.writeString(temp.resolve("torn.jsonl"), "{\"sample_id\":\"0\",\"te");
    Cli unreadable = Cli.run("score", "--predictions", torn, "--sample-file", file, "--out", out);
    assertEquals(2, unreadable.status());
    assertTrue(unreadable.err().contains("torn.jsonl line 1"), unreadable.err());

    Path vague =
        Files.writeString(
            temp.resolve("vague.jsonl"),
            "{\"sample_id\":\"" + samples.get(0).id() + "\",\"text\":\"\"}");
    Cli ambiguous = Cli.run("score", "--predictions", vague, "--sample-file", file, "--out", out);
    assertEquals(2, ambiguous.status());
    assertTrue(
        ambiguous.err().contains("a task and a length here, since the sample"), ambiguous.err());
  }

  @Test
  void rulersOwnPredictionFilesAreScored() throws IOException {
    Path pred = Files.createDirectories(temp.resolve("pred-run").resolve("512").resolve("pred"));
    Files.writeString(
        pred.resolve("niah_single_1.jsonl"),
        "{\"index\":0,\"pred\":\"It is 1234567.\",\"input\":\"?\",\"outputs\":[\"1234567\"],"
            + "\"others\":{},\"truncation\":-1,\"length\":500}\n"
            + "{\"index\":1,\"pred\":\"No idea.\",\"input\":\"?\",\"outputs\":[\"7654321\"],"
            + "\"others\":{},\"truncation\":-1,\"length\":500}\n");
    Path out = temp.resolve("ruler-scored");

    Cli cli = Cli.run("score", "--predictions", temp.resolve("pred-run"), "--out", out);

    assertEquals(0, cli.status(), cli.err());
    assertEquals(50, score(out, "niah_single_1"));
  }
}
