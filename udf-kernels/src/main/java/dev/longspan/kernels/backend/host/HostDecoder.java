package dev.longspan.kernels.backend.host;

import dev.longspan.kernels.backend.Decoder;
import dev.longspan.kernels.backend.KvStore;
import dev.longspan.kernels.checkpoint.WeightSource;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.Pending;
import dev.longspan.kernels.model.Results;
import dev.longspan.kernels.model.SparseConfig;
import dev.longspan.kernels.model.Step;
import java.util.ArrayList;
import java.util.List;

/** A decoder of the Llama family (MiniCPM4, Llama, Qwen2, Qwen3), operation by operation. */
final class HostDecoder implements Decoder {
  private final HostBackend backend;
  private final ModelConfig config;
  private final Weight embedding;
  private final Weight head;
  private final Buffer norm;
  private final List<LayerWeights> layers = new ArrayList<>();
  private Activations activations;

  HostDecoder(HostBackend backend, ModelConfig config, WeightSource weights) {
    this.backend = backend;
    this.config = config;
    int vocab = config.vocabSize();
    int hidden = config.hiddenSize();
    embedding = backend.weight(weights.tensor("model.embed_tokens.weight", vocab, hidden));
    for (int i = 0; i < config.layers(); i++) {
      layers.add(LayerWeights.load(config, weights, backend, i));
    }
    norm = backend.parameter(weights.tensor("model.norm.weight", hidden));
    head =
        config.tiedEmbeddings()
            ? embedding
            : backend.weight(weights.tensor("lm_head.weight", vocab, hidden));
  }

  @Override
  public void reserve(int rows) {
    if (activations == null || activations.rows < rows) {
      if (activations != null) {
        activations.close();
        activations = null;
      }
      activations = new Activations(config, backend, rows);
    }
  }

  @Override
  public long pageBytes() {
    SparseConfig sparse = config.sparseOrDefault();
    long vectors = 2L * KvStore.PAGE + slots(sparse.kernelStride()) + slots(sparse.coarseStride());
    return vectors * config.layers() * config.kvHeads() * config.headDim() * Float.BYTES;
  }

  private static int slots(int stride) {
    return (KvStore.PAGE + stride - 1) / stride;
  }

  /** Half of the heap. */
  @Override
  public long cacheBytes(int rows) {
    return Runtime.getRuntime().maxMemory() / 2;
  }

  @Override
  public KvStore kvStore(int pages) {
    return backend.kvStore(config, pages);
  }

  @Override
  public Pending launch(Step step, KvStore kv) {
    reserve(step.rows());
    Activations a = activations;
    backend.embed(embedding, step.tokens(), config.embeddingScale(), a.x);
    for (int i = 0; i < layers.size(); i++) {
      layer(layers.get(i), i, step, kv, a);
    }
    Results results = backend.pick(config, a.x, step, norm, head);
    return () -> results;
  }

  private void layer(LayerWeights w, int index, Step step, KvStore kv, Activations a) {
    int rows = step.rows();
    int hidden = config.hiddenSize();
    float eps = config.rmsNormEps();
    float scale = config.residualScale();
    backend.rmsNorm(a.x, rows, hidden, w.inputNorm(), eps, a.normed);
    backend.matmul(a.normed, rows, w.qkv(), w.qkvBias(), HostBackend.Epilogue.STORE, 1, a.qkv);
    backend.ropeAndStore(config, a.qkv, w.qNorm(), w.kNorm(), step, index, kv);
    backend.attend(config, a.qkv, step, index, kv, a.attention);
    backend.matmul(
        a.attention, rows, w.output(), w.outputBias(), HostBackend.Epilogue.ADD_SCALED, scale, a.x);
    backend.rmsNorm(a.x, rows, hidden, w.postNorm(), eps, a.normed);
    backend.matmul(a.normed, rows, w.gateUp(), null, HostBackend.Epilogue.SWIGLU, 1, a.mlp);
    backend.matmul(a.mlp, rows, w.down(), null, HostBackend.Epilogue.ADD_SCALED, scale, a.x);
  }

  @Override
  public void close() {
    if (activations != null) {
      activations.close();
      activations = null;
    }
    layers.forEach(LayerWeights::close);
    norm.close();
    embedding.close();
    if (head != embedding) {
      head.close();
    }
  }

  /** Buffers for the rows of a step, kept for the next. */
  private static final class Activations {
    final int rows;
    final Buffer x;
    final Buffer normed;
    final Buffer qkv;
    final Buffer attention;
    final Buffer mlp;

    Activations(ModelConfig config, HostBackend backend, int rows) {
      this.rows = rows;
      x = backend.allocate((long) rows * config.hiddenSize());
      normed = backend.allocate((long) rows * config.hiddenSize());
      qkv = backend.allocate((long) rows * config.qkvSize());
      attention = backend.allocate((long) rows * config.heads() * config.headDim());
      mlp = backend.allocate((long) rows * config.intermediateSize());
    }

    void close() {
      for (Buffer buffer : new Buffer[] {x, normed, qkv, attention, mlp}) {
        buffer.close();
      }
    }
  }
}
