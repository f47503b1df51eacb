package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.backend.SelectionListener;
import dev.longspan.kernels.backend.cuda.PortableGemm.Epilogue;
import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;
import dev.longspan.kernels.backend.cuda.device.Stream;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.Pending;
import dev.longspan.kernels.model.SparseConfig;
import dev.longspan.kernels.model.Step;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;

/** The way of a step of prompts through the decoder. */
final class PromptPass implements AutoCloseable {
  private static final int RING_PARTS = 3;

  private final Owner owner;
  private final Device device;
  private final Stream stream;
  private final ModelConfig config;
  private final CudaWeights weights;
  private final boolean hopper;
  private final Supplier<SelectionListener> listener;
  private final Norms norms;
  private final PromptProducts products;
  private final RopeStore rope;
  private final PrefillAttention attention;
  private final PromptPicks picks;
  private final int maxGroups;
  private final Map<SparseConfig, PrefillSelection> selections = new HashMap<>();
  private PromptBuffers buffers;
  private StagingRing ring;

  PromptPass(CudaDecoder.Parts parts, PromptProducts products) {
    owner = parts.owner();
    device = parts.device();
    stream = parts.stream();
    config = parts.config();
    weights = parts.weights();
    hopper = parts.hopper();
    listener = parts.listener();
    norms = parts.norms();
    rope = parts.rope();
    this.products = products;
    attention =
        parts.own(
            new PrefillAttention(
                device, config.headDim(), config.groupSize(), config.kvHeads(), hopper));
    maxGroups =
        2
            * ((config.maxPositions() + PromptStep.PLAN_GROUP_TOKENS - 1)
                / PromptStep.PLAN_GROUP_TOKENS);
    picks = parts.own(new PromptPicks(parts, products));
    if (config.sparse() != null) {
      selection(config.sparse().withDenseLength(0));
    }
  }

  /** Returns the rows that are reserved. */
  int reserved() {
    return buffers == null ? 0 : buffers.rows;
  }

  /** Takes memory for steps of so many rows, unless there is enough. */
  void reserve(int rows) {
    if (reserved() < rows) {
      release();
      buffers = PromptBuffers.allocate(device, config, rows);
      ring = new StagingRing(device, "steps of prompts", RING_PARTS, PromptBuffers.stepBytes(rows));
      picks.reserve(rows);
    }
  }

  private void release() {
    if (buffers != null) {
      stream.synchronize();
      buffers.close();
      ring.close();
      buffers = null;
    }
  }

  private PrefillSelection selection(SparseConfig settings) {
    return selections.computeIfAbsent(
        settings,
        s ->
            owner.own(
                new PrefillSelection(
                    device,
                    s,
                    config.headDim(),
                    config.groupSize(),
                    config.kvHeads(),
                    hopper,
                    (config.maxPositions() + 63) / 64,
                    maxGroups,
                    device::allocate)));
  }

  Pending launch(Step step, CudaKvStore kv) {
    reserve(step.rows());
    PromptBuffers b = buffers;
    Descriptors descriptors = new Descriptors(ring, b.step);
    PromptStep at = PromptStep.of(step, kv, descriptors, config.groupSize(), maxGroups);
    PromptPicks.Plan plan = picks.plan(step, kv, descriptors);
    descriptors.upload(stream);
    int rows = step.rows();
    int hidden = config.hiddenSize();
    Matrix table = weights.embedding();
    norms.embed(
        stream,
        table.data(),
        table.paddedRows(),
        at.tokens(),
        rows,
        hidden,
        config.embeddingScale(),
        b.x);
    for (int i = 0; i < config.layers(); i++) {
      layer(i, at, rows, kv);
    }
    return picks.run(plan, b, kv);
  }

  private void layer(int index, PromptStep at, int rows, CudaKvStore kv) {
    PromptBuffers b = buffers;
    CudaWeights.Layer w = weights.layers().get(index);
    int ld = PromptBuffers.paddedRows(rows);
    float scale = config.residualScale();
    norm(w.inputNorm(), rows, ld);
    products.multiply(
        stream,
        Epilogue.STORE,
        b.normed,
        ld,
        rows,
        w.qkv(),
        w.qkvBias(),
        1,
        b.qkv,
        config.qkvSize());
    rope.prefill(
        stream,
        b.qkv,
        w.qNorm(),
        w.kNorm(),
        at.all(),
        kv.cache(index),
        kv.fine(index),
        kv.coarse(index));
    for (PromptStep.Group group : at.groups()) {
      attend(index, group, rows, ld, kv);
    }
    products.multiply(
        stream,
        Epilogue.ADD,
        b.attention,
        ld,
        rows,
        w.output(),
        w.outputBias(),
        scale,
        b.x,
        config.hiddenSize());
    norm(w.postNorm(), rows, ld);
    products.multiply(stream, Epilogue.SWIGLU, b.normed, ld, rows, w.gateUp(), null, 1, b.mlp, ld);
    products.multiply(
        stream, Epilogue.ADD, b.mlp, ld, rows, w.down(), null, scale, b.x, config.hiddenSize());
  }

  private void norm(DeviceBuffer weight, int rows, int ld) {
    int hidden = config.hiddenSize();
    float eps = config.rmsNormEps();
    norms.rmsNorm(stream, buffers.x, weight, null, rows, hidden, eps, 1, buffers.normed, ld);
  }

  private void attend(int layer, PromptStep.Group group, int rows, int ld, CudaKvStore kv) {
    PromptBuffers b = buffers;
    if (!group.plan().isEmpty()) {
      selection(group.settings())
          .enqueue(
              stream,
              b.qkv,
              config.qkvSize(),
              kv.fine(layer),
              kv.coarse(layer),
              group.step(),
              group.planTiles(),
              group.planGroups(),
              group.plan(),
              b.mask,
              rows);
    }
    attention.enqueue(
        stream,
        b.qkv,
        config.qkvSize(),
        kv.cache(layer),
        group.step(),
        b.mask,
        rows,
        group.select(),
        b.attention,
        ld);
    if (listener.get() != null && group.settings() != null) {
      stream.synchronize();
      Selections.ofPrompts(config, group, layer, b.mask, rows, listener.get());
    }
  }

  /** Gives back what {@link #reserve} took. */
  @Override
  public void close() {
    release();
  }
}
