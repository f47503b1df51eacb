package dev.longspan.spark;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;

/**
 * A model folder with the tokenizer of the default model and a single layer of random weights: it
 * answers at once, and nonsense.
 */
public final class TinyModel {
  private static final int HIDDEN = 32;
  private static final int MLP = 64;
  private static final int VOCABULARY = 8192;

  private TinyModel() {}

  /** Returns the folder of the default model. */
  public static Path pocket() {
    return Path.of(System.getProperty("longspan.home"), "datasets", "models", "pocket");
  }

  /** Writes a model whose context has {@code positions} tokens. */
  public static Path write(Path folder, int positions, long seed) throws IOException {
    Files.createDirectories(folder);
    for (String name : new String[] {"tokenizer.json", "tokenizer_config.json"}) {
      Files.copy(pocket().resolve(name), folder.resolve(name));
    }
    Files.writeString(
        folder.resolve("config.json"),
        """
        {"architectures": ["MiniCPMForCausalLM"], "model_type": "minicpm", "bos_token_id": 1,
         "eos_token_id": [2, 4], "hidden_act": "silu", "hidden_size": %d, "intermediate_size": %d,
         "max_position_embeddings": %d, "num_attention_heads": 2, "num_hidden_layers": 1,
         "num_key_value_heads": 1, "head_dim": 32, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
         "rope_scaling": null, "scale_emb": 1.0, "scale_depth": 1.0, "dim_model_base": %d,
         "tie_word_embeddings": true, "torch_dtype": "bfloat16", "vocab_size": %d,
         "sparse_config": {"kernel_size": 32, "kernel_stride": 16, "init_blocks": 1,
           "block_size": 64, "window_size": 64, "topk": 2, "dense_len": 256}}
        """
            .formatted(HIDDEN, MLP, positions, HIDDEN, VOCABULARY));
    Map<String, int[]> tensors = new LinkedHashMap<>();
    tensors.put("model.embed_tokens.weight", new int[] {VOCABULARY, HIDDEN});
    String layer = "model.layers.0.";
    tensors.put(layer + "input_layernorm.weight", new int[] {HIDDEN});
    tensors.put(layer + "self_attn.q_proj.weight", new int[] {64, HIDDEN});
    tensors.put(layer + "self_attn.k_proj.weight", new int[] {32, HIDDEN});
    tensors.put(layer + "self_attn.v_proj.weight", new int[] {32, HIDDEN});
    tensors.put(layer + "self_attn.o_proj.weight", new int[] {HIDDEN, 64});
    tensors.put(layer + "post_attention_layernorm.weight", new int[] {HIDDEN});
    tensors.put(layer + "mlp.gate_proj.weight", new int[] {MLP, HIDDEN});
    tensors.put(layer + "mlp.up_proj.weight", new int[] {MLP, HIDDEN});
    tensors.put(layer + "mlp.down_proj.weight", new int[] {HIDDEN, MLP});
    tensors.put("model.norm.weight", new int[] {HIDDEN});
    safetensors(folder.resolve("model.safetensors"), tensors, new Random(seed));
    return folder;
  }

  private static void safetensors(Path file, Map<String, int[]> tensors, Random random)
      throws IOException {
    StringBuilder header = new StringBuilder("{");
    int at = 0;
    for (Map.Entry<String, int[]> tensor : tensors.entrySet()) {
      int[] shape = tensor.getValue();
      int bytes = 2 * shape[0] * (shape.length > 1 ? shape[1] : 1);
      header
          .append(at == 0 ? "" : ",")
          .append('"')
          .append(tensor.getKey())
          .append("\":{\"dtype\":\"BF16\",\"shape\":")
          .append(java.util.Arrays.toString(shape))
          .append(",\"data_offsets\":[")
          .append(at)
          .append(',')
          .append(at + bytes)
          .append("]}");
      at += bytes;
    }
    byte[] json = header.append('}').toString().getBytes(StandardCharsets.UTF_8);
    ByteBuffer content = ByteBuffer.allocate(8 + json.length + at).order(ByteOrder.LITTLE_ENDIAN);
    content.putLong(json.length).put(json);
    for (Map.Entry<String, int[]> tensor : tensors.entrySet()) {
      int[] shape = tensor.getValue();
      boolean norm = shape.length == 1;
      int count = shape[0] * (norm ? 1 : shape[1]);
      for (int i = 0; i < count; i++) {
        float value = norm ? 1 : (float) (0.2 * random.nextGaussian());
        content.putShort((short) (Float.floatToIntBits(value) >>> 16));
      }
    }
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      content.flip();
      while (content.hasRemaining()) {
        channel.write(content);
      }
    }
  }
}
