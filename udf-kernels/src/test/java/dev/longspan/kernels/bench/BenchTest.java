package dev.longspan.kernels.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.longspan.kernels.attention.DenseAttention;
import dev.longspan.kernels.attention.InfLlmV2;
import dev.longspan.kernels.backend.cuda.BenchInputs;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.SparseConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class BenchTest {
  private static final Path FOLDER = Path.of("../datasets/models/pocket");

  @Test
  void prefillGivesARecordPerLengthAndMethod() throws IOException {
    List<BenchRecord> records = new ArrayList<>();
    try (BenchModel model = BenchModel.open(FOLDER, "vector")) {
      PrefillBench.Options options =
          new PrefillBench.Options(
              List.of(65, 130),
              List.of("dense", "infllm-v2"),
              3,
              1,
              List.of("random"),
              64,
              "bench prefill");
      PrefillBench.run(model, options, records::add);
    }
    assertEquals(
        List.of(
            "pocket dense 65", "pocket infllm-v2 65", "pocket dense 130", "pocket infllm-v2 130"),
        records.stream().map(BenchRecord::name).toList());
    BenchRecord record = records.get(1);
    assertTrue(record.low() > 0 && record.low() <= record.ours(), record.toString());
    assertTrue(record.ours() <= record.high(), record.toString());
    assertEquals(3, record.runs());
    assertEquals(Map.of("ours-dense", records.get(0).ours()), record.peers());
    assertTrue(record.device().contains("vector: Java Vector API"), record.device());

    JsonNode json = new ObjectMapper().readTree(record.toJson());
    List<String> names = new ArrayList<>();
    json.fieldNames().forEachRemaining(names::add);
    assertEquals(
        List.of(
            "bench", "case", "ours", "unit", "peers", "rate", "spread", "runs", "device", "commit",
            "date", "command"),
        names);
    assertEquals("tokens/s", json.path("unit").asText());
    assertEquals("bench prefill", json.path("command").asText());
    assertEquals(2, json.path("spread").size());
    assertTrue(json.path("rate").asText().endsWith(" GFLOP/s"), json.path("rate").asText());
  }

  @Test
  void clusteredPromptsHaveRecordsOfTheirOwn() {
    List<BenchRecord> records = new ArrayList<>();
    try (BenchModel model = BenchModel.random("pocket", "vector")) {
      PrefillBench.Options options =
          new PrefillBench.Options(
              List.of(70), List.of("dense"), 1, 0, List.of("random", "clustered"), null, "");
      PrefillBench.run(model, options, records::add);
    }
    assertEquals(
        List.of("pocket (random) dense 70", "pocket (random) dense 70 clustered"),
        records.stream().map(BenchRecord::name).toList());
    int[] prompt = PrefillBench.prompt(BenchInputs.CLUSTERED, 130, 8192);
    assertEquals(3, Arrays.stream(prompt).distinct().count());
    assertEquals(prompt[0], prompt[63]);
    assertNotEquals(prompt[63], prompt[64]);
  }

  @Test
  void decodeGivesARecordPerDepthBatchAndMethod() {
    List<BenchRecord> records = new ArrayList<>();
    try (BenchModel model = BenchModel.random("pocket", "vector")) {
      DecodeBench.Options options =
          new DecodeBench.Options(
              List.of(0, 70), List.of(1, 3), List.of("dense"), 4, 2, 1, "bench decode");
      DecodeBench.run(model, options, records::add);
    }
    assertEquals(
        List.of(
            "pocket (random) dense depth 0 batch 1",
            "pocket (random) dense depth 0 batch 3",
            "pocket (random) dense depth 70 batch 1",
            "pocket (random) dense depth 70 batch 3"),
        records.stream().map(BenchRecord::name).toList());
    assertTrue(records.stream().allMatch(r -> r.ours() > 0 && r.runs() == 2));
  }

  @Test
  void engineGivesARecordPerMethod() {
    List<BenchRecord> records = new ArrayList<>();
    try (BenchModel model = BenchModel.random("pocket", "vector")) {
      EngineBench.Options options =
          new EngineBench.Options(
              5, 70, 4, List.of("dense", "infllm-v2"), 2, 0, null, 3, "bench engine");
      EngineBench.run(model, options, records::add);
    }
    assertEquals(
        List.of(
            "pocket (random) dense 5 requests, 70 in, 4 out, 3 at once",
            "pocket (random) infllm-v2 5 requests, 70 in, 4 out, 3 at once"),
        records.stream().map(BenchRecord::name).toList());
    assertTrue(records.stream().allMatch(r -> r.ours() > 0 && r.runs() == 2));
  }

  @Test
  void loadIsMeasuredBesideReadingTheFiles() {
    List<BenchRecord> records = new ArrayList<>();
    LoadBench.run(new LoadBench.Options(FOLDER, "vector", 2, 0, "bench load"), records::add);
    BenchRecord record = records.get(0);
    assertEquals("pocket", record.name());
    assertEquals("GB/s", record.unit());
    assertEquals(2, record.runs());
    assertTrue(record.ours() > 0 && record.peers().get("read") > 0, record.toString());
  }

  @Test
  void arithmeticCountsWhatIsVisible() {
    SparseConfig sparse = new SparseConfig(32, 16, 1, 64, 64, 4, 0, true, false);
    try (BenchModel model = BenchModel.random("pocket", "scalar")) {
      ModelConfig c = model.config();
      double weights = 256 * 512 + 256 * 256 + 3.0 * 256 * 704;
      assertEquals(
          2 * 10 * (2 * weights + 2.0 * 256 * (1 + 2)),
          Arithmetic.prefill(c, new DenseAttention(), 0, 2));
      // Token 639 sees 5 of 10 blocks, the last of them whole, and scores 39 windows.
      assertEquals(
          2 * 10 * (weights + 2.0 * 256 * (320 + 39 / 2.0)),
          Arithmetic.prefill(c, new InfLlmV2(sparse), 639, 640));
    }
  }

  @Test
  void wrongUseIsNamed() {
    assertMessage("runs is 0 but must be at least 1", () -> options(64, 0, "random"));
    assertMessage(
        "inputs 'text' are unknown; use some of random, clustered", () -> options(64, 1, "text"));
    assertMessage(
        "batch is 0 but must be at least 1",
        () -> new DecodeBench.Options(List.of(0), List.of(0), List.of("dense"), 1, 1, 0, ""));
    assertMessage(
        "shape 'pcket' is unknown; use one of llama-3-8b, minicpm4-0.5b, minicpm4.1-8b, pocket",
        () -> BenchModel.random("pcket", "vector"));
    try (BenchModel model = BenchModel.random("pocket", "vector")) {
      assertMessage(
          "32769 tokens are more than the model's context of 32768; measure shorter ones",
          () -> PrefillBench.run(model, options(32769, 1, "random"), record -> {}));
    }
  }

  private static PrefillBench.Options options(int length, int runs, String inputs) {
    return new PrefillBench.Options(
        List.of(length), List.of("dense"), runs, 0, List.of(inputs), 64, "");
  }

  private static void assertMessage(String message, Executable call) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, call).getMessage());
  }
}
