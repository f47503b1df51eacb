package dev.longspan.spark.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.longspan.spark.Cli;
import dev.longspan.spark.TinyModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchTest {
  @TempDir private static Path temp;
  private static Path model;

  @BeforeAll
  static void model() throws IOException {
    model = TinyModel.write(temp.resolve("model"), 1024, 1);
  }

  private static String refused(Object... words) {
    Cli cli = Cli.run(words);
    assertEquals(2, cli.status(), cli.err());
    return cli.err();
  }

  @Test
  void recordsWhatItPrints() throws IOException {
    Path record = temp.resolve("record.jsonl");
    Cli cli =
        Cli.run(
            "bench",
            "prefill",
            "--model",
            model,
            "--lengths",
            "65",
            "--runs",
            "2",
            "--record",
            record);
    assertEquals(0, cli.status(), cli.err());
    List<String> lines = Files.readAllLines(record);
    assertEquals(lines, cli.out().lines().toList());
    assertEquals(2, lines.size(), "a line for each method");
    JsonNode dense = new ObjectMapper().readTree(lines.get(0));
    assertEquals("model dense 65", dense.get("case").asText());
    assertEquals(2, dense.get("runs").asInt());
    assertTrue(dense.get("command").asText().startsWith("bin/longspan bench prefill --model "));
  }

  @Test
  void decodesFromADepth() {
    Cli cli =
        Cli.run(
            "bench",
            "decode",
            "--model",
            model,
            "--depths",
            "70",
            "--batches",
            "2",
            "--tokens",
            "3",
            "--runs",
            "1",
            "--attention",
            "dense");
    assertEquals(0, cli.status(), cli.err());
    assertTrue(cli.out().contains("model dense depth 70 batch 2"), cli.out());
  }

  @Test
  void answersManyRequestsAtOnce() {
    Cli cli =
        Cli.run(
            "bench",
            "engine",
            "--model",
            model,
            "--requests",
            "3",
            "--input-tokens",
            "40",
            "--output-tokens",
            "5",
            "--runs",
            "1",
            "--attention",
            "dense");
    assertEquals(0, cli.status(), cli.err());
    assertTrue(cli.out().contains("model dense 3 requests, 40 in, 5 out, 3 at once"), cli.out());
  }

  @Test
  void putsPeersBesideItsRecordsAndMakesTablesOfThem() throws IOException {
    Path peers = temp.resolve("peers.jsonl");
    Files.writeString(
        peers,
        "{\"bench\":\"prefill\",\"case\":\"model 66\",\"unit\":\"tokens/s\","
            + "\"peers\":{\"other\":1.5}}");
    Path record = temp.resolve("peers-record.jsonl");
    Cli cli =
        Cli.run(
            "bench",
            "prefill",
            "--model",
            model,
            "--lengths",
            "66",
            "--runs",
            "1",
            "--attention",
            "dense",
            "--peers",
            peers,
            "--record",
            record);
    assertEquals(0, cli.status(), cli.err());
    JsonNode json = new ObjectMapper().readTree(cli.out());
    assertEquals(1.5, json.at("/peers/other").asDouble());
    assertEquals(
        "bin/longspan bench prefill --model " + model + " --lengths 66 --runs 1 --attention dense",
        json.get("command").asText());

    Cli table = Cli.run("bench", "table", record);
    assertEquals(0, table.status(), table.err());
    assertTrue(table.out().contains("| case | ours | other | rate |"), table.out());
    assertTrue(table.out().contains("| model dense 66 | "), table.out());
  }

  @Test
  void kernelsNeedAGpu() {
    assertTrue(
        refused("bench")
            .contains("prefill, decode, engine, load, attention, gemm, crossover, table"));
    assertTrue(refused("bench", "attention", "--heads", "32").contains("such as 32/2x128"));
    assertTrue(
        refused("bench", "attention", "--heads", "32/2x128", "--model", model)
            .contains("exclude each other"));
    assertTrue(refused("bench", "crossover", "--inputs", "text").contains("random, clustered"));
    assertTrue(
        refused("bench", "attention", "--shape", "pocket", "--random-weights", "--gpu", "no-such")
            .contains("bench attention measures GPU kernels, but none can run here"));
    assertTrue(refused("bench", "table", temp.resolve("none")).contains("cannot be read"));
    for (String kind : List.of("attention", "gemm", "crossover", "table")) {
      Cli help = Cli.run("bench", kind, "--help");
      assertEquals(0, help.status(), help.err());
      assertTrue(help.out().contains("  longspan bench " + kind), help.out());
    }
  }

  @Test
  void saysWhatIsWrong() {
    assertTrue(refused("bench", "prefill", "--shape", "pocket").contains("add --random-weights"));
    assertTrue(refused("bench", "prefill", "--random-weights").contains("--shape NAME, one of"));
    assertTrue(refused("bench", "load", "--random-weights", "pocket").contains("--model DIR"));
    assertTrue(refused("bench", "prefill", "--inputs", "text").contains("random, clustered"));
    assertTrue(
        refused("bench", "prefill", "--random-weights=pocket", "--shape", "llama-3-8b")
            .contains("needs one shape"));
    assertTrue(refused("bench", "sorting").contains("prefill"));
    assertTrue(refused("bench", "prefill", "--random-weights", "x").contains("minicpm4.1-8b"));
    assertTrue(
        refused("bench", "prefill", "--random-weights", "pocket", "--model", model)
            .contains("exclude each other"));
    assertTrue(
        refused("bench", "prefill", "--model", model, "--lengths", "5000")
            .contains("more than the model's context of 1024"));
  }
}
