package dev.longspan.kernels.model;

import com.fasterxml.jackson.databind.JsonNode;
import dev.longspan.kernels.checkpoint.CheckpointException;
import dev.longspan.kernels.checkpoint.JsonFiles;
import java.nio.file.Path;
import java.util.List;

/**
 * Reads config.json of a Hugging Face model folder: MiniCPM4 and 4.1, and plain Llama, Qwen2 and
 * Qwen3 as dense baselines.
 *
 * <p>What would change the computation and is not supported is refused, never ignored.
 */
public final class ModelConfigReader {
  private static final String MINICPM = "MiniCPMForCausalLM";
  private static final String LLAMA = "LlamaForCausalLM";
  private static final String QWEN2 = "Qwen2ForCausalLM";
  private static final String QWEN3 = "Qwen3ForCausalLM";
  private static final List<String> ARCHITECTURES = List.of(MINICPM, LLAMA, QWEN2, QWEN3);

  private static final List<String> EXPERTS =
      List.of("num_experts", "num_local_experts", "n_routed_experts");

  private ModelConfigReader() {}

  /**
   * Reads {@code folder/config.json}.
   *
   * @throws CheckpointException naming the file, the field, its value and what is expected
   */
  public static ModelConfig read(Path folder) {
    Path file = folder.resolve("config.json");
    return read(new ConfigFields(file.toString(), JsonFiles.readObject(file)));
  }

  private static ModelConfig read(ConfigFields c) {
    String architecture = architecture(c);
    refuseUnsupported(c, architecture);
    int hidden = c.positive("hidden_size");
    int heads = c.positive("num_attention_heads");
    int kvHeads = c.positive("num_key_value_heads", heads);
    if (heads % kvHeads != 0) {
      throw c.bad(
          "num_attention_heads",
          "is " + heads + ", expected a multiple of num_key_value_heads, " + kvHeads);
    }
    if (!c.has("head_dim") && hidden % heads != 0) {
      throw c.bad(
          "hidden_size",
          "is "
              + hidden
              + ", expected a multiple of num_attention_heads, "
              + heads
              + ", since there is no head_dim");
    }
    int headDim = c.positive("head_dim", hidden / heads);
    if (headDim % 2 != 0) {
      throw c.bad("head_dim", "is " + headDim + ", expected an even number: rotation takes pairs");
    }
    int layers = c.positive("num_hidden_layers");
    boolean minicpm = architecture.equals(MINICPM);
    boolean bias = !architecture.equals(QWEN2) && c.flag("attention_bias", false);
    return new ModelConfig(
        architecture,
        hidden,
        c.positive("intermediate_size"),
        layers,
        heads,
        kvHeads,
        headDim,
        c.positive("vocab_size"),
        RopeReader.maxPositions(c),
        (float) c.positiveNumber("rms_norm_eps", 1e-6),
        RopeReader.read(c, headDim),
        minicpm ? (float) c.positiveNumber("scale_emb") : 1f,
        minicpm ? (float) (c.positiveNumber("scale_depth") / Math.sqrt(layers)) : 1f,
        minicpm ? (float) (c.positiveNumber("dim_model_base") / hidden) : 1f,
        // Each architecture's own default in transformers.
        c.flag("tie_word_embeddings", minicpm),
        bias || architecture.equals(QWEN2),
        bias,
        architecture.equals(QWEN3),
        c.has("sparse_config") ? SparseConfigReader.read(c.child("sparse_config")) : null);
  }

  private static String architecture(ConfigFields c) {
    JsonNode list = c.node().path("architectures");
    String name = list.path(0).asText("");
    if (!ARCHITECTURES.contains(name)) {
      throw c.bad(
          "architectures",
          (list.isMissingNode() ? "is missing" : "is " + list)
              + "; supported are "
              + String.join(", ", ARCHITECTURES));
    }
    return name;
  }

  private static void refuseUnsupported(ConfigFields c, String architecture) {
    c.oneOf("hidden_act", List.of("silu"));
    c.oneOf("torch_dtype", List.of("bfloat16", "float16", "float32"));
    c.oneOf("dtype", List.of("bfloat16", "float16", "float32"));
    for (String key : EXPERTS) {
      if (c.atLeast(0, key, 0) > 0) {
        throw c.bad(key, "is " + c.text(key) + ": mixtures of experts are not supported");
      }
    }
    if (c.has("mixer_types")) {
      throw c.bad(
          "mixer_types", "is given: layers of linear attention (MiniCPM-SALA) are not supported");
    }
    for (JsonNode type : c.node().path("layer_types")) {
      if (!type.asText().equals("full_attention")) {
        throw c.bad("layer_types", "holds " + type + ", expected only full_attention");
      }
    }
    if (c.flag("use_sliding_window", false)) {
      throw c.bad("use_sliding_window", "is true: sliding windows are not supported");
    }
    if (c.has("quantization_config")) {
      throw c.bad(
          "quantization_config",
          "is given: quantised weights are not supported; use the model's bf16 release");
    }
    if (c.flag("mlp_bias", false)) {
      throw c.bad(
          "mlp_bias", "is true: a bias in the MLP of " + architecture + " is not supported");
    }
  }
}
