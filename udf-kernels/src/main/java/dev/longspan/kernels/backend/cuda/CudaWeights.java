package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.backend.cuda.WeightLoader.Rows;
import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;
import dev.longspan.kernels.backend.cuda.device.Stream;
import dev.longspan.kernels.checkpoint.WeightSource;
import dev.longspan.kernels.model.ModelConfig;
import java.util.ArrayList;
import java.util.List;

/** All weights of a decoder, in one allocation of the device. */
final class CudaWeights implements AutoCloseable {
  private final DeviceBuffer memory;
  private final Matrix embedding;
  private final Matrix head;
  private final DeviceBuffer norm;
  private final List<Layer> layers = new ArrayList<>();

  /**
   * Parameters of one layer; what the architecture lacks is null.
   *
   * @param qkv all q rows, then all k rows, then all v rows
   * @param gateUp rows of gate and up by turns of eight
   */
  record Layer(
      DeviceBuffer inputNorm,
      Matrix qkv,
      DeviceBuffer qkvBias,
      DeviceBuffer qNorm,
      DeviceBuffer kNorm,
      Matrix output,
      DeviceBuffer outputBias,
      DeviceBuffer postNorm,
      Matrix gateUp,
      Matrix down) {}

  private CudaWeights(ModelConfig c, DeviceBuffer memory, WeightLoader loader) {
    this.memory = memory;
    int hidden = c.hiddenSize();
    String table = "model.embed_tokens.weight";
    embedding = loader.matrix(table, hidden, Rows.of(table, c.vocabSize()));
    for (int i = 0; i < c.layers(); i++) {
      layers.add(layer(c, loader, "model.layers." + i + "."));
    }
    norm = loader.vector("model.norm.weight", hidden);
    head =
        c.tiedEmbeddings()
            ? embedding
            : loader.matrix("lm_head.weight", hidden, Rows.of("lm_head.weight", c.vocabSize()));
  }

  /**
   * Reads all weights.
   *
   * @throws dev.longspan.kernels.backend.cuda.device.DeviceException if they do not fit
   */
  static CudaWeights load(Device device, Stream stream, ModelConfig config, WeightSource source) {
    long bytes = bytes(device, stream, config, source);
    DeviceBuffer memory = device.allocate("weights", bytes);
    try (WeightLoader loader = new WeightLoader(device, stream, source, new Pieces(memory))) {
      return new CudaWeights(config, memory, loader);
    } catch (RuntimeException | Error e) {
      memory.close();
      throw e;
    }
  }

  private static long bytes(Device device, Stream stream, ModelConfig config, WeightSource source) {
    Pieces pieces = new Pieces(null);
    try (WeightLoader counter = new WeightLoader(device, stream, source, pieces)) {
      new CudaWeights(config, null, counter);
    }
    return pieces.used();
  }

  private static Layer layer(ModelConfig c, WeightLoader loader, String prefix) {
    int hidden = c.hiddenSize();
    int wide = c.intermediateSize();
    int q = c.heads() * c.headDim();
    int kv = c.kvHeads() * c.headDim();
    String attention = prefix + "self_attn.";
    String mlp = prefix + "mlp.";
    return new Layer(
        loader.vector(prefix + "input_layernorm.weight", hidden),
        loader.matrix(
            attention + "qkv",
            hidden,
            Rows.of(attention + "q_proj.weight", q),
            Rows.of(attention + "k_proj.weight", kv),
            Rows.of(attention + "v_proj.weight", kv)),
        c.qkvBias()
            ? loader.vector(
                attention + "qkv bias",
                new String[] {
                  attention + "q_proj.bias", attention + "k_proj.bias", attention + "v_proj.bias"
                },
                q,
                kv,
                kv)
            : null,
        c.qkNorm() ? loader.vector(attention + "q_norm.weight", c.headDim()) : null,
        c.qkNorm() ? loader.vector(attention + "k_norm.weight", c.headDim()) : null,
        loader.matrix(attention + "output", q, Rows.of(attention + "o_proj.weight", hidden)),
        c.outputBias() ? loader.vector(attention + "o_proj.bias", hidden) : null,
        loader.vector(prefix + "post_attention_layernorm.weight", hidden),
        loader.matrix(
            mlp + "gate_up",
            hidden,
            new Rows(mlp + "gate_proj.weight", wide, Packing.Part.GATE),
            new Rows(mlp + "up_proj.weight", wide, Packing.Part.UP)),
        loader.matrix(mlp + "down", wide, Rows.of(mlp + "down_proj.weight", hidden)));
  }

  /** Returns the bytes of all weights. */
  long bytes() {
    return memory.bytes();
  }

  Matrix embedding() {
    return embedding;
  }

  /** Returns the output head, which may be the embedding. */
  Matrix head() {
    return head;
  }

  /** Returns the weight of the last norm. */
  DeviceBuffer norm() {
    return norm;
  }

  List<Layer> layers() {
    return layers;
  }

  @Override
  public void close() {
    memory.close();
  }
}
