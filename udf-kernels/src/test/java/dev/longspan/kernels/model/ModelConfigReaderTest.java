package dev.longspan.kernels.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.kernels.checkpoint.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelConfigReaderTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final String LLAMA =
      """
      {"architectures":["LlamaForCausalLM"],"hidden_size":128,"intermediate_size":352,
       "num_hidden_layers":3,"num_attention_heads":8,"vocab_size":1000,
       "max_position_embeddings":4096}""";
  private static final String MINICPM =
      """
      {"architectures":["MiniCPMForCausalLM"],"hidden_size":4096,"intermediate_size":16384,
       "num_hidden_layers":32,"num_attention_heads":32,"num_key_value_heads":2,
       "vocab_size":73448,"max_position_embeddings":32768,"tie_word_embeddings":false,
       "scale_emb":12,"scale_depth":1.4,"dim_model_base":256,"hidden_act":"silu",
       "rope_scaling":null,"sparse_config":{}}""";

  @TempDir Path folder;

  /** Reads {@code base} with the fields of {@code changes} put over it; null removes a field. */
  private ModelConfig read(String base, String changes) throws IOException {
    ObjectNode config = (ObjectNode) JSON.readTree(base);
    for (var field : JSON.readTree(changes).properties()) {
      if (field.getValue().isNull()) {
        config.remove(field.getKey());
      } else {
        config.set(field.getKey(), field.getValue());
      }
    }
    Files.writeString(folder.resolve("config.json"), config.toString());
    return ModelConfigReader.read(folder);
  }

  private void refused(String base, String changes, String... parts) {
    String message =
        assertThrows(CheckpointException.class, () -> read(base, changes)).getMessage();
    assertTrue(message.startsWith(folder.resolve("config.json").toString()), message);
    for (String part : parts) {
      assertTrue(message.contains(part), "expected <" + part + "> in <" + message + ">");
    }
  }

  private static String ramp(int count, double from, double step) {
    return IntStream.range(0, count)
        .mapToObj(i -> String.valueOf(from + step * i))
        .collect(Collectors.joining(",", "[", "]"));
  }

  @Test
  void readsTheDefaultModel() {
    ModelConfig config = ModelConfigReader.read(Path.of("../datasets/models/pocket"));
    assertEquals("MiniCPMForCausalLM", config.architecture());
    assertEquals(256, config.hiddenSize());
    assertEquals(704, config.intermediateSize());
    assertEquals(10, config.layers());
    assertEquals(2, config.groupSize());
    assertEquals(64, config.headDim());
    assertEquals(512, config.qkvSize());
    assertEquals(8192, config.vocabSize());
    assertEquals(32768, config.maxPositions());
    assertEquals(1e-5f, config.rmsNormEps());
    assertEquals(12f, config.embeddingScale());
    assertEquals((float) (1.4 / Math.sqrt(10)), config.residualScale());
    assertEquals(1f, config.logitScale());
    assertTrue(config.tiedEmbeddings());
    assertEquals(new SparseConfig(32, 16, 1, 64, 512, 24, 4096, true, false), config.sparse());
    assertArrayEquals(RopeConfig.plain(500_000, 64).invFreq(), config.rope().invFreq());
  }

  @Test
  void minicpmHasItsScalesAndReleasedSparseDefaults() throws IOException {
    ModelConfig config = read(MINICPM, "{}");
    assertEquals((float) (1.4 / Math.sqrt(32)), config.residualScale());
    assertEquals(1 / 16f, config.logitScale());
    assertFalse(config.tiedEmbeddings());
    assertEquals(SparseConfig.MINICPM4, config.sparse());
    assertEquals(96, config.sparse().selectedBlocks());
    assertTrue(read(MINICPM, "{\"tie_word_embeddings\":null}").tiedEmbeddings());
    assertNull(read(MINICPM, "{\"sparse_config\":null}").sparse());
  }

  @Test
  void llamaHasDefaultsForWhatItLeavesOut() throws IOException {
    ModelConfig config = read(LLAMA, "{}");
    assertEquals(8, config.kvHeads());
    assertEquals(16, config.headDim());
    assertEquals(1e-6f, config.rmsNormEps());
    assertEquals(1f, config.embeddingScale());
    assertEquals(1f, config.residualScale());
    assertEquals(1f, config.logitScale());
    assertFalse(config.tiedEmbeddings() || config.qkvBias() || config.outputBias());
    assertFalse(config.qkNorm());
    assertNull(config.sparse());
    assertArrayEquals(RopeConfig.plain(10_000, 16).invFreq(), config.rope().invFreq());
    ModelConfig biased = read(LLAMA, "{\"attention_bias\":true,\"head_dim\":32}");
    assertTrue(biased.qkvBias() && biased.outputBias());
    assertEquals(32, biased.headDim());
  }

  @Test
  void qwenDiffersInNormAndBias() throws IOException {
    ModelConfig three =
        read(
            LLAMA,
            """
            {"architectures":["Qwen3ForCausalLM"],"head_dim":64,"num_key_value_heads":2,
             "use_sliding_window":false,"sliding_window":4096,
             "layer_types":["full_attention","full_attention","full_attention"]}""");
    assertTrue(three.qkNorm());
    assertFalse(three.qkvBias());
    assertEquals(64, three.headDim());
    ModelConfig two = read(LLAMA, "{\"architectures\":[\"Qwen2ForCausalLM\"]}");
    assertFalse(two.qkNorm() || two.outputBias());
    assertTrue(two.qkvBias());
  }

  @Test
  void anyModelMayBeGivenSparseSettings() throws IOException {
    assertEquals(
        new SparseConfig(64, 16, 2, 64, 1024, 48, 0, true, true),
        read(
                LLAMA,
                """
                {"sparse_config":{"kernel_size":64,"init_blocks":2,"window_size":1024,"topk":48,
                 "dense_len":-1,"lse":"exact","round_scores":true,"use_nope":false}}""")
            .sparse());
  }

  @Test
  void linearScalingDividesFrequencies() throws IOException {
    float[] plain = RopeConfig.plain(10_000, 16).invFreq();
    RopeConfig rope = read(LLAMA, "{\"rope_scaling\":{\"type\":\"linear\",\"factor\":4.0}}").rope();
    for (int i = 0; i < 8; i++) {
      assertEquals(plain[i] / 4, rope.invFreq()[i]);
    }
    assertEquals(1f, rope.attentionScale());
  }

  /** The expected frequencies were computed with Python floats from transformers' formulas. */
  @Test
  void llama3ScalingInBothLayouts() throws IOException {
    String scaling =
        """
        {"rope_type":"llama3","factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,
         "original_max_position_embeddings":8192,"rope_theta":500000.0}""";
    String old =
        "{\"head_dim\":128,\"rope_theta\":500000.0,\"rope_scaling\":"
            + scaling.replace(",\"rope_theta\":500000.0", "")
            + "}";
    String renewed = "{\"head_dim\":128,\"rope_parameters\":" + scaling + "}";
    RopeConfig rope = read(LLAMA, old).rope();
    assertFrequencies(
        rope,
        new int[] {0, 28, 30, 33, 35, 40, 63},
        1.0,
        0.0032114459947525913,
        0.0013718935677611381,
        0.00031269375038406517,
        9.556212353964683e-05,
        3.428102195952591e-05,
        3.068925988914511e-07);
    assertArrayEquals(rope.invFreq(), read(LLAMA, renewed).rope().invFreq());
  }

  /** The expected frequencies were computed with Python floats from transformers' formulas. */
  @Test
  void yarnReachesBeyondTheTrainedLength() throws IOException {
    ModelConfig config =
        read(
            LLAMA,
            """
            {"head_dim":128,"rope_theta":1000000,"max_position_embeddings":40960,
             "rope_scaling":{"rope_type":"yarn","factor":4.0,
                             "original_max_position_embeddings":32768}}""");
    assertFrequencies(
        config.rope(),
        new int[] {0, 20, 24, 31, 40, 63},
        1.0,
        0.01333521432163324,
        0.005375321490790102,
        0.0008029597275452302,
        4.445698525097307e-05,
        3.102344401879299e-07);
    assertEquals(1.138629436111989f, config.rope().attentionScale());
    assertEquals(131072, config.maxPositions());
  }

  private static void assertFrequencies(RopeConfig rope, int[] pairs, double... want) {
    for (int i = 0; i < pairs.length; i++) {
      assertEquals(want[i], rope.invFreq()[pairs[i]], 3e-6 * want[i], "pair " + pairs[i]);
    }
    assertTrue(IntStream.range(0, 64).allMatch(i -> rope.factor()[i] == 1f));
  }

  @Test
  void longRopeDividesPositionsAndChoosesItsListOnce() throws IOException {
    String lists = "\"short_factor\":" + ramp(8, 1, 0.5) + ",\"long_factor\":" + ramp(8, 2, 1.5);
    String released = "{\"rope_scaling\":{\"rope_type\":\"longrope\"," + lists + "}}";
    // As long as the original: the short list, and no scale.
    RopeConfig rope = read(LLAMA, released).rope();
    assertEquals(4.5f, rope.factor()[7]);
    assertEquals(1f, rope.attentionScale());
    assertArrayEquals(RopeConfig.plain(10_000, 16).invFreq(), rope.invFreq());
    String original = ",\"original_max_position_embeddings\":32768}";
    String extended =
        released
            .replace("}}", original + ",\"max_position_embeddings\":131072}")
            .replace("longrope", "su");
    rope = read(LLAMA, extended).rope();
    assertEquals(12.5f, rope.factor()[7]);
    assertEquals(1.0645812948447542f, rope.attentionScale());
    assertEquals(
        1.25f,
        read(LLAMA, extended.replace("\"su\"", "\"su\",\"attention_factor\":1.25"))
            .rope()
            .attentionScale());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "hidden_size",
        "intermediate_size",
        "num_hidden_layers",
        "num_attention_heads",
        "vocab_size",
        "max_position_embeddings",
        "scale_emb",
        "scale_depth",
        "dim_model_base"
      })
  void missingField(String field) {
    refused(MINICPM, "{\"" + field + "\":null}", ": " + field + " is missing");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "hidden_size|\"128\"|expected an integer from 1 up",
        "hidden_size|0|expected an integer from 1 up",
        "num_hidden_layers|-3|is -3, expected an integer",
        "vocab_size|1.5|is 1.5, expected an integer",
        "max_position_embeddings|99999999999|expected an integer",
        "rms_norm_eps|0|expected a positive number",
        "rms_norm_eps|\"small\"|\"small\", expected a positive number",
        "rope_theta|-1|expected a positive number",
        "tie_word_embeddings|\"yes\"|is \"yes\", expected true or false",
        "attention_bias|1|is 1, expected true or false",
        "hidden_act|\"gelu\"|is \"gelu\", expected one of silu",
        "torch_dtype|\"float8_e4m3fn\"|expected one of bfloat16, float16, float32",
        "dtype|\"int8\"|is \"int8\"",
        "num_experts|8|is 8: mixtures of experts are not supported",
        "n_routed_experts|64|mixtures of experts",
        "mixer_types|[\"minicpm4\",\"lightning-attn\"]|MiniCPM-SALA",
        "layer_types|[\"sliding_attention\"]|expected only full_attention",
        "use_sliding_window|true|sliding windows are not supported",
        "quantization_config|{\"bits\":4}|use the model's bf16 release",
        "mlp_bias|true|a bias in the MLP of LlamaForCausalLM",
        "head_dim|15|is 15, expected an even number",
        "num_key_value_heads|3|num_attention_heads is 8, expected a multiple of",
        "num_attention_heads|7|hidden_size is 128, expected a multiple of num_attention_heads, 7",
        "rope_scaling|\"linear\"|rope_scaling is \"linear\", expected an object",
        "rope_scaling|{\"type\":\"dynamic\"}|type is \"dynamic\", expected one of default, linear",
        "rope_scaling|{\"type\":\"linear\"}|rope_scaling: factor is missing",
        "partial_rotary_factor|0.5|only whole heads can be rotated",
        "sparse_config|7|sparse_config is 7, expected an object"
      })
  void fieldOfWrongValue(String field, String value, String message) {
    refused(LLAMA, "{\"" + field + "\":" + value + "}", message);
  }

  @Test
  void longRopeThatDoesNotFit() {
    refused(
        LLAMA,
        "{\"rope_scaling\":{\"type\":\"longrope\",\"short_factor\":[1,2],\"long_factor\":[1]}}",
        "rope_scaling: short_factor has 2 values, expected 8: half of head_dim");
    refused(
        LLAMA,
        "{\"rope_scaling\":{\"type\":\"longrope\",\"short_factor\":"
            + ramp(8, 1, 0)
            + ",\"long_factor\":[1,1,1,1,1,1,1,\"x\"]}}",
        "long_factor is or holds \"x\", expected a positive number");
    refused(
        LLAMA,
        "{\"rope_scaling\":{\"type\":\"longrope\",\"short_mscale\":1.2}}",
        "short_mscale is not supported");
  }

  @ParameterizedTest
  @ValueSource(strings = {"[\"MiniCPMSALAForCausalLM\"]", "[]", "\"LlamaForCausalLM\""})
  void unsupportedArchitecture(String value) {
    refused(
        LLAMA,
        "{\"architectures\":" + value + "}",
        "architectures is " + value,
        "supported are MiniCPMForCausalLM, LlamaForCausalLM, Qwen2ForCausalLM, Qwen3ForCausalLM");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"block_size\":128}|block_size must be 64, the page of the KV cache",
        "{\"kernel_size\":40}|kernel_size must be a multiple of kernel_stride",
        "{\"kernel_size\":24,\"kernel_stride\":12}|block_size must be a multiple of the coarse stride",
        "{\"kernel_size\":64,\"kernel_stride\":32}|block_size must be a multiple of the coarse stride",
        "{\"window_size\":100}|window_size must be a multiple of block_size",
        "{\"topk\":1}|topk must be at least init_blocks + 1",
        "{\"topk\":3,\"init_blocks\":3}|topk must be at least init_blocks + 1"
      })
  void sparseSettingsThatDoNotFit(String sparse, String rule) throws IOException {
    JsonNode node = JSON.readTree(sparse);
    int topk = node.path("topk").asInt(64);
    int window = node.path("window_size").asInt(2048);
    int block = node.path("block_size").asInt(64);
    refused(
        MINICPM,
        "{\"sparse_config\":" + sparse + "}",
        "config.json: sparse_config: " + rule,
        "Found kernel_size",
        "coarse windows of " + 4 * node.path("kernel_size").asInt(32) + " tokens",
        window / block + " local blocks",
        (topk + window / block) + " selected blocks");
  }

  @Test
  void sparseSettingsOfWrongValue() {
    refused(MINICPM, "{\"sparse_config\":{\"use_nope\":true}}", "only false is supported");
    refused(MINICPM, "{\"sparse_config\":{\"topK\":8}}", "topK is not a known setting", "topk");
    refused(MINICPM, "{\"sparse_config\":{\"lse\":\"fast\"}}", "one of coarse, exact");
    refused(MINICPM, "{\"sparse_config\":{\"dense_len\":-2}}", "an integer from -1 up");
    refused(MINICPM, "{\"sparse_config\":{\"round_scores\":1}}", "expected true or false");
  }

  @Test
  void missingAndDamagedFile() throws IOException {
    String missing =
        assertThrows(CheckpointException.class, () -> ModelConfigReader.read(folder)).getMessage();
    assertEquals(
        folder.resolve("config.json")
            + " does not exist: a Hugging Face model folder holds it; check the path",
        missing);
    for (String text : Arrays.asList("", "{", "[1]", "{\"a\":1,\"a\":2}")) {
      Files.writeString(folder.resolve("config.json"), text);
      String message =
          assertThrows(CheckpointException.class, () -> ModelConfigReader.read(folder))
              .getMessage();
      assertTrue(message.startsWith(folder.resolve("config.json").toString()), message);
      assertTrue(message.contains("fetch it again"), message);
    }
  }
}
