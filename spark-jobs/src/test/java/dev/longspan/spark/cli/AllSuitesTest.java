package dev.longspan.spark.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.longspan.spark.Cli;
import dev.longspan.spark.Rows;
import dev.longspan.spark.TinyModel;
import dev.longspan.spark.Written;
import dev.longspan.spark.run.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every suite on its own samples: by a model, by the oracle and by null. */
class AllSuitesTest {
  private static final List<String> ALL =
      List.of("ruler", "longbench", "longbench_v2", "longppl", "aime", "livecodebench");

  /** All, but without programs where none can be run. */
  private static List<String> suites;

  @TempDir private static Path temp;
  private static Path model;
  private static Path evaluator;

  @BeforeAll
  static void model() throws IOException {
    suites = Written.sandboxRefusal() == null ? ALL : ALL.subList(0, 5);
    model = TinyModel.write(temp.resolve("model"), 1024, 1);
    // Our own documents have some thousand tokens.
    evaluator = TinyModel.write(temp.resolve("evaluator"), 16384, 2);
  }

  private static Path evaluate(String name, Object... more) {
    Path out = temp.resolve(name);
    List<Object> words =
        new ArrayList<>(
            List.of("evaluate", "--suite", suites == ALL ? "all" : String.join(",", suites)));
    words.addAll(List.of("--out", out));
    words.addAll(List.of("--lengths", "640", "--master", "local[2]"));
    // A random model finds no key tokens: by these bounds every token is one.
    words.addAll(List.of("--evaluator", evaluator, "--key-alpha=-100", "--key-beta=-100"));
    words.addAll(List.of(more));
    Cli cli = Cli.run(words.toArray());
    assertEquals(0, cli.status(), cli.err());
    return out;
  }

  /** Returns the mean over tasks of each suite. */
  private static Map<String, Double> means(Path run) throws IOException {
    Map<String, Double> means = new HashMap<>();
    for (JsonNode score : Written.scores(run).path("scores")) {
      if (score.path("metric").asText().equals("mean")) {
        means.put(score.path("suite").asText(), score.path("value").asDouble());
      }
    }
    return means;
  }

  @Test
  void theOracleScoresAllAndNullAboutNothing() throws IOException {
    Path oracle = evaluate("oracle", "--model", "oracle", "--samples", "2");
    Path nothing = evaluate("null", "--model", "null", "--samples", "2");
    Map<String, Double> right = means(oracle);
    Map<String, Double> wrong = means(nothing);
    assertEquals(suites.size(), right.size());
    for (String suite : suites) {
      boolean perplexity = suite.equals("longppl");
      assertEquals(perplexity ? 1 : 100, right.get(suite), 1e-9, suite);
      assertEquals(perplexity ? 100_000 : 0, wrong.get(suite), 1e-3, suite);
    }
    assertTrue(Files.readString(oracle.resolve("report.html")).contains("<h2>All suites</h2>"));
  }

  @Test
  void aModelAnswersEverySuiteAndItsCountsAddUp() throws IOException {
    Path run =
        evaluate(
            "by-model",
            "--model",
            model,
            "--samples",
            "1",
            "--attention",
            "dense",
            "--max-new-tokens",
            "8");
    JsonNode scores = Written.scores(run);
    assertEquals(suites.size(), scores.path("runs").size());
    int rows = 0;
    for (JsonNode one : scores.path("runs")) {
      String suite = one.path("suite").asText();
      assertEquals(0, one.path("missing").asInt(), suite);
      assertEquals(
          one.path("rows").asInt(),
          one.path("answers").asInt() + one.path("errors").asInt(),
          suite);
      rows += one.path("rows").asInt();
    }
    assertEquals(Rows.of(run).size(), rows);
    // The documents of LongPPL do not fit into the model: an error with a name, and no other row's.
    for (JsonNode one : scores.path("runs")) {
      boolean longPpl = one.path("suite").asText().equals("longppl");
      assertEquals(longPpl ? 1 : 0, one.path("errors").asInt(), one.toString());
    }
    JsonNode suites = Json.MAPPER.readTree(run.resolve("manifest.json").toFile()).path("suites");
    assertEquals(AllSuitesTest.suites.size(), suites.size());
    for (JsonNode suite : suites) {
      if (suite.has("rows_read")) {
        assertEquals(
            suite.path("rows_read").asInt(),
            suite.path("samples").asInt() + suite.path("rows_not_asked").asInt(),
            suite.toString());
      }
    }
    for (JsonNode suite : scores.path("suites")) {
      assertEquals("1", suite.path("scorer").asText());
      assertTrue(suite.at("/samples/version").isTextual(), suite.toString());
    }
    JsonNode longBench = suite(scores, "longbench");
    assertTrue(
        longBench.at("/settings/segmenter").asText().startsWith("jieba dictionary sha256"),
        longBench.toString());
    assertEquals("difflib", longBench.at("/settings/fuzzy").asText());
    assertEquals("own-v1", longBench.at("/samples/data").asText());
  }

  private static JsonNode suite(JsonNode scores, String name) {
    for (JsonNode suite : scores.path("suites")) {
      if (suite.path("suite").asText().equals(name)) {
        return suite;
      }
    }
    throw new AssertionError("no suite " + name);
  }
}
