package dev.longspan.spark.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.longspan.spark.Cli;
import dev.longspan.spark.Rows;
import dev.longspan.spark.TinyModel;
import dev.longspan.spark.run.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** An evaluation from the samples to the report, and what can be done with its folder. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class EvaluateTest {
  @TempDir private static Path temp;
  private static Path model;
  private static Path run;

  @BeforeAll
  static void model() throws IOException {
    model = TinyModel.write(temp.resolve("a model"), 1024, 1);
    run = temp.resolve("runs").resolve("first run");
  }

  private static Cli evaluate(Path out, int samples, Object... more) {
    List<Object> words =
        new ArrayList<>(
            List.of("evaluate", "--model", model, "--tasks", "niah_single_1,qa_1", "--out", out));
    words.addAll(List.of("--lengths", "512,640", "--samples", samples, "--master", "local[2]"));
    words.addAll(List.of(more));
    return Cli.run(words.toArray());
  }

  @Test
  @Order(1)
  void everySampleIsAnsweredByEachMethodOnce() throws IOException {
    Cli cli = evaluate(run, 2);

    assertEquals(0, cli.status(), cli.err());
    assertTrue(cli.out().contains("niah_single_1"), cli.out());
    assertTrue(cli.out().contains("Report: " + run.resolve("report.html")), cli.out());
    List<String> keys = Rows.column(run, "key");
    assertEquals(16, keys.size());
    assertEquals(16, new HashSet<>(keys).size());
    Rows.of(run).forEach(row -> assertEquals(null, Rows.errorCode(row)));
    for (String name : List.of("report.html", "report.md", "junit.xml", "scores.json")) {
      assertTrue(Files.size(run.resolve(name)) > 100, name);
    }
    JsonNode manifest = Json.MAPPER.readTree(run.resolve("manifest.json").toFile());
    assertEquals(16, manifest.at("/counts/rows").asInt());
    assertEquals(0, manifest.at("/counts/reused").asInt());
    assertEquals("dense", manifest.at("/methods/0/name").asText());
    assertEquals("vector", manifest.at("/hardware/backend").asText());
    assertFalse(manifest.at("/times/finished").isMissingNode());
  }

  @Test
  @Order(2)
  void theSameCommandAgainComputesNothing() throws IOException {
    List<String> before = Rows.files(run).stream().map(Path::toString).toList();

    Cli cli = evaluate(run, 2);

    assertEquals(0, cli.status(), cli.err());
    assertTrue(cli.out().contains("16 rows, 16 of them from before."), cli.out());
    assertEquals(before, Rows.files(run).stream().map(Path::toString).toList());
  }

  @Test
  @Order(3)
  void otherSettingsInTheSameFolderAreRefusedInWords() {
    Cli cli = evaluate(run, 3, "--temperature", "0.5");

    assertEquals(2, cli.status());
    assertTrue(cli.err().contains("suites[0].samples: 2 there, 3 asked"), cli.err());
    assertTrue(cli.err().contains("sampling.temperature: 0.0 there, 0.5 asked"), cli.err());
    assertTrue(cli.err().contains("--resume"), cli.err());
    assertTrue(cli.err().contains("--overwrite"), cli.err());
  }

  @Test
  @Order(4)
  void resumeKeepsWhatFitsAndDropsTheRest() {
    Cli cli = evaluate(run, 3, "--attention", "infllm-v2", "--resume");

    assertEquals(0, cli.status(), cli.err());
    assertTrue(cli.out().contains("12 rows, 8 of them from before."), cli.out());
    assertEquals(12, Rows.of(run).size());
    assertEquals(List.of("infllm-v2"), Rows.column(run, "method").stream().distinct().toList());
  }

  @Test
  @Order(5)
  void aRunFolderIsScoredAndReportedAgain() throws IOException {
    Path scored = temp.resolve("scored");
    Cli score = Cli.run("score", "--predictions", run, "--out", scored, "--master", "local[1]");
    assertEquals(0, score.status(), score.err());
    assertTrue(Files.exists(scored.resolve("scores.json")));

    Path html = temp.resolve("again.html");
    Cli report =
        Cli.run("report", "--run", run, "--baseline", run, "--out", html, "--master", "local[1]");
    assertEquals(0, report.status(), report.err());
    assertTrue(Files.readString(html).contains("infllm-v2 (baseline)"));
  }

  @Test
  @Order(6)
  void overwriteStartsAnew() {
    Cli cli = evaluate(run, 1, "--attention", "dense", "--overwrite");

    assertEquals(0, cli.status(), cli.err());
    assertTrue(cli.out().contains("4 rows."), cli.out());
    assertEquals(4, Rows.of(run).size());
  }
}
