package dev.longspan.kernels.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.longspan.kernels.attention.AttentionMethod;
import dev.longspan.kernels.attention.DenseAttention;
import dev.longspan.kernels.attention.InfLlmV2;
import dev.longspan.kernels.backend.Backend;
import dev.longspan.kernels.backend.Backends;
import dev.longspan.kernels.backend.KvStore;
import dev.longspan.kernels.backend.TestBackends;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The default model against its reference run (another implementation, float32 over the same bf16
 * weights): logits, greedy tokens and selected blocks of every stored prompt and mode.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PocketParityTest {
  private static final Path FOLDER = Path.of("../datasets/models/pocket");
  private static final float TOLERANCE = 5e-3f;
  private static final int CHUNK = 512;

  private final JsonNode reference;
  private final JsonNode index;
  private final byte[] data;

  PocketParityTest() throws IOException {
    ObjectMapper json = new ObjectMapper();
    reference = json.readTree(FOLDER.resolve("reference/reference.json").toFile());
    byte[] file = Files.readAllBytes(FOLDER.resolve("reference/reference.safetensors"));
    int header = (int) ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong();
    index = json.readTree(file, 8, header);
    data = Arrays.copyOfRange(file, 8 + header, file.length);
  }

  Stream<Arguments> runs() {
    return TestBackends.all()
        .flatMap(
            backend ->
                Stream.iterate(0, i -> i < reference.path("prompts").size(), i -> i + 1)
                    .flatMap(i -> runs(backend, i)));
  }

  private Stream<Arguments> runs(String backend, int prompt) {
    // The oracle takes half a minute for 3,000 tokens: it repeats the run that selects blocks.
    int length = prompt(prompt).path("length").asInt();
    return Stream.of("dense", "sparse", "sparse_forced")
        .filter(mode -> prompt(prompt).path("runs").has(mode))
        .filter(
            mode ->
                !backend.equals("scalar")
                    || length < 1000
                    || length < 4000 && mode.equals("sparse_forced"))
        .map(mode -> Arguments.of(backend, prompt, mode));
  }

  private JsonNode prompt(int i) {
    return reference.path("prompts").path(i);
  }

  @ParameterizedTest(name = "{0}, prompt {1}, {2}")
  @MethodSource("runs")
  void agreesWithTheReference(String backendName, int promptIndex, String mode) {
    JsonNode run = prompt(promptIndex).path("runs").path(mode);
    int[] ids = ints(prompt(promptIndex).path("ids"));
    float[] expected = logits("p" + promptIndex + "." + mode + ".logits");
    Map<String, int[]> blocks = new ConcurrentHashMap<>();

    try (Backend backend = Backends.open(backendName);
        Model model = Model.load(FOLDER, backend);
        KvStore kv = model.kvStore((ids.length + 32) / KvStore.PAGE + 1)) {
      Sequence sequence = new Sequence(method(mode, model.config()), ids.length);
      for (int page = 0; page < kv.pages(); page++) {
        sequence.addPage(page);
      }
      int vocab = model.config().vocabSize();
      int tail = expected.length / vocab;
      backend.onSelect(
          (s, layer, position, kvHead, selected) -> {
            if (position == ids.length - 1) {
              blocks.put(layer + "." + kvHead, selected);
            }
          });

      float[] logits = new float[expected.length];
      Prefill.run(model, kv, sequence, ids, CHUNK, tail, logits);
      backend.onSelect(null);

      float worst = 0;
      for (int i = 0; i < logits.length; i++) {
        worst = Math.max(worst, Math.abs(logits[i] - expected[i]));
      }
      System.out.printf(
          "parity %s, %d tokens, %s: largest logit difference %.2e%n",
          backendName, ids.length, mode, worst);
      assertTrue(worst <= TOLERANCE, "largest logit difference " + worst);
      int[] argmax = new int[tail];
      for (int i = 0; i < tail; i++) {
        argmax[i] = Prefill.argmax(logits, i * vocab, vocab);
      }
      assertArrayEquals(ints(run.path("argmax")), argmax, "argmax of the last positions");

      int[] greedy = Prefill.greedy(model, kv, sequence, argmax[tail - 1], 32);
      assertArrayEquals(ints(run.path("greedy")), greedy, "greedy tokens");
    }

    assertEquals(run.path("sparse_active").asBoolean(), !blocks.isEmpty(), "sparse is active");
    run.path("blocks")
        .properties()
        .forEach(
            layer -> {
              for (int h = 0; h < layer.getValue().size(); h++) {
                assertArrayEquals(
                    ints(layer.getValue().path(h)),
                    blocks.get(layer.getKey() + "." + h),
                    "blocks of layer " + layer.getKey() + ", KV head " + h);
              }
            });
  }

  private static AttentionMethod method(String mode, ModelConfig config) {
    return switch (mode) {
      case "dense" -> new DenseAttention();
      case "sparse" -> new InfLlmV2(config.sparse());
      default -> new InfLlmV2(config.sparse().withDenseLength(0));
    };
  }

  private float[] logits(String name) {
    JsonNode entry = index.path(name);
    assertEquals("F32", entry.path("dtype").asText());
    int from = entry.path("data_offsets").path(0).asInt();
    float[] values = new float[(entry.path("data_offsets").path(1).asInt() - from) / 4];
    ByteBuffer.wrap(data, from, 4 * values.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .asFloatBuffer()
        .get(values);
    return values;
  }

  private static int[] ints(JsonNode array) {
    int[] values = new int[array.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = array.path(i).asInt();
    }
    return values;
  }
}
