package dev.longspan.kernels.backend.vector;

import dev.longspan.kernels.attention.AttentionMethod;
import dev.longspan.kernels.attention.DenseAttention;
import dev.longspan.kernels.attention.InfLlmV2;
import dev.longspan.kernels.attention.KvView;
import dev.longspan.kernels.backend.KvStore;
import dev.longspan.kernels.backend.SelectionListener;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.Step;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Chooses the kernel of each row and spreads the work over the threads. */
final class Attention {
  private final WorkerPool pool;
  private final Kernels[] kernels;
  private SelectionListener listener;

  Attention(WorkerPool pool) {
    this.pool = pool;
    kernels = new Kernels[pool.threads()];
  }

  /** One worker's kernels and their scratch memory. */
  private static final class Kernels {
    final int dim;
    final RowAttention rows;
    final SparseKernel sparse;

    Kernels(int dim) {
      this.dim = dim;
      rows = new RowAttention(dim);
      sparse = new SparseKernel(rows, dim);
    }
  }

  void onSelect(SelectionListener listener) {
    this.listener = listener;
  }

  private enum Kind {
    DENSE,
    SPARSE,
    REFERENCE
  }

  /**
   * Consecutive tokens of a segment that go through one kernel, for one KV head.
   *
   * @param panels the compressed keys that {@link Kind#SPARSE} scores; null where the cache keeps
   *     none
   */
  private record Part(
      Kind kind, Step.Segment segment, int first, int count, int kvHead, CompressedPanels panels) {

    /** Returns what the work of dense attention grows with. */
    long cost() {
      return (long) count * (segment.start() + first + count);
    }
  }

  /** Attends as {@link dev.longspan.kernels.backend.host.HostBackend#attend} says. */
  void run(ModelConfig config, float[] qkv, Step step, int layer, VectorKvStore kv, float[] out) {
    List<Part> parts = new ArrayList<>();
    for (Step.Segment segment : step.segments()) {
      int last = segment.count() - 1;
      // A sequence turns from dense to sparse as it grows and never back: the last token tells.
      CompressedPanels keys = null;
      if (kind(segment, last) == Kind.SPARSE && kv.compressed()) {
        keys = kv.panels(segment.sequence(), layer, segment.start() + segment.count());
      }
      split(config, segment, keys, parts);
    }
    // The longest first: the last to finish keeps the others waiting.
    parts.sort(Comparator.comparingLong(Part::cost).reversed());
    pool.run(
        parts.size(), (task, worker) -> run(config, qkv, parts.get(task), layer, kv, worker, out));
  }

  private void split(
      ModelConfig config, Step.Segment segment, CompressedPanels keys, List<Part> parts) {
    int i = 0;
    while (i < segment.count()) {
      Kind kind = kind(segment, i);
      int end = i + 1;
      while (end < segment.count() && kind(segment, end) == kind) {
        end++;
      }
      int heads = kind == Kind.REFERENCE ? 1 : config.kvHeads();
      int tokens = tokens(kind, config, end - i);
      for (; i < end; i += tokens) {
        for (int h = 0; h < heads; h++) {
          parts.add(new Part(kind, segment, i, Math.min(tokens, end - i), h, keys));
        }
      }
      i = end;
    }
  }

  /** Returns how many tokens a task takes of {@code count}; results do not depend on it. */
  private int tokens(Kind kind, ModelConfig config, int count) {
    return switch (kind) {
      case DENSE -> DenseKernel.tokens(config);
      case SPARSE -> {
        int fair = count * config.kvHeads() / (2 * pool.threads());
        yield Math.max(32, Math.min(fair, SparseKernel.tokens(config)));
      }
      case REFERENCE -> 1;
    };
  }

  /** Returns the kernel for a token. */
  private static Kind kind(Step.Segment segment, int i) {
    AttentionMethod method = segment.sequence().method();
    if (method instanceof DenseAttention) {
      return Kind.DENSE;
    }
    if (method instanceof InfLlmV2 m) {
      if (!m.isSparse(segment.sequence().decisionLength(segment.start() + i))) {
        return Kind.DENSE;
      }
      if (m.config().blockSize() == KvStore.PAGE) {
        return Kind.SPARSE;
      }
    }
    return Kind.REFERENCE;
  }

  private void run(
      ModelConfig config,
      float[] qkv,
      Part part,
      int layer,
      VectorKvStore kv,
      int worker,
      float[] out) {
    if (kernels[worker] == null || kernels[worker].dim != config.headDim()) {
      kernels[worker] = new Kernels(config.headDim());
    }
    Kernels k = kernels[worker];
    Step.Segment segment = part.segment;
    switch (part.kind) {
      case DENSE ->
          DenseKernel.run(
              config, qkv, segment, part.first, part.count, part.kvHead, layer, kv, k.rows, out);
      case SPARSE ->
          k.sparse.run(
              config,
              (InfLlmV2) segment.sequence().method(),
              qkv,
              segment,
              part.first,
              part.count,
              part.kvHead,
              layer,
              kv,
              part.panels,
              listener,
              out);
      case REFERENCE -> reference(config, qkv, part, layer, kv, out);
      default -> throw new IllegalStateException("kind " + part.kind);
    }
  }

  /** Attends for one token with the method's own plain loops. */
  private void reference(
      ModelConfig config, float[] qkv, Part part, int layer, VectorKvStore kv, float[] out) {
    Step.Segment segment = part.segment;
    int row = segment.firstRow() + part.first;
    int position = segment.start() + part.first;
    int at = row * config.qkvSize();
    KvView view = kv.view(segment.sequence(), layer);
    int decision = segment.sequence().decisionLength(position);
    AttentionMethod method = segment.sequence().method();
    method.attend(qkv, at, position, decision, view, out, row * config.heads() * config.headDim());
    if (listener != null && method instanceof InfLlmV2 m && m.isSparse(decision)) {
      for (int h = 0; h < config.kvHeads(); h++) {
        int[] blocks = m.select(qkv, at, position, h, view);
        listener.selected(segment.sequence(), layer, position, h, blocks);
      }
    }
  }
}
