package dev.longspan.kernels.backend.host;

import dev.longspan.kernels.checkpoint.WeightSource;
import dev.longspan.kernels.model.ModelConfig;

/**
 * Parameters of one decoder layer; what the architecture lacks is null.
 *
 * @param qkv all q rows, then all k rows, then all v rows
 * @param gateUp all gate rows, then all up rows
 */
record LayerWeights(
    Buffer inputNorm,
    Weight qkv,
    Buffer qkvBias,
    Buffer qNorm,
    Buffer kNorm,
    Weight output,
    Buffer outputBias,
    Buffer postNorm,
    Weight gateUp,
    Weight down)
    implements AutoCloseable {

  /** Reads layer {@code layer} by its Hugging Face names. */
  static LayerWeights load(ModelConfig c, WeightSource w, HostBackend backend, int layer) {
    String prefix = "model.layers." + layer + ".";
    String attention = prefix + "self_attn.";
    String mlp = prefix + "mlp.";
    int hidden = c.hiddenSize();
    int wide = c.intermediateSize();
    int q = c.heads() * c.headDim();
    int kv = c.kvHeads() * c.headDim();
    return new LayerWeights(
        backend.parameter(w.tensor(prefix + "input_layernorm.weight", hidden)),
        backend.weight(
            w.tensor(attention + "q_proj.weight", q, hidden),
            w.tensor(attention + "k_proj.weight", kv, hidden),
            w.tensor(attention + "v_proj.weight", kv, hidden)),
        c.qkvBias()
            ? backend.parameter(
                w.tensor(attention + "q_proj.bias", q),
                w.tensor(attention + "k_proj.bias", kv),
                w.tensor(attention + "v_proj.bias", kv))
            : null,
        c.qkNorm() ? backend.parameter(w.tensor(attention + "q_norm.weight", c.headDim())) : null,
        c.qkNorm() ? backend.parameter(w.tensor(attention + "k_norm.weight", c.headDim())) : null,
        backend.weight(w.tensor(attention + "o_proj.weight", hidden, q)),
        c.outputBias() ? backend.parameter(w.tensor(attention + "o_proj.bias", hidden)) : null,
        backend.parameter(w.tensor(prefix + "post_attention_layernorm.weight", hidden)),
        backend.weight(
            w.tensor(mlp + "gate_proj.weight", wide, hidden),
            w.tensor(mlp + "up_proj.weight", wide, hidden)),
        backend.weight(w.tensor(mlp + "down_proj.weight", hidden, wide)));
  }

  @Override
  public void close() {
    for (Buffer buffer : new Buffer[] {inputNorm, qkvBias, qNorm, kNorm, outputBias, postNorm}) {
      if (buffer != null) {
        buffer.close();
      }
    }
    for (Weight weight : new Weight[] {qkv, output, gateUp, down}) {
      weight.close();
    }
  }
}
