package dev.longspan.kernels.backend.vector;

import dev.longspan.kernels.attention.AttentionMethod;
import dev.longspan.kernels.attention.DenseAttention;
import dev.longspan.kernels.attention.InfLlmV2;
import dev.longspan.kernels.attention.KvView;
import dev.longspan.kernels.backend.SelectionListener;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.Step;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Chooses the kernel of each row and spreads the work over the threads. */
final class Attention {
  private final WorkerPool pool;
  private final RowAttention[] rows;
  private SelectionListener listener;

  Attention(WorkerPool pool) {
    this.pool = pool;
    rows = new RowAttention[pool.threads()];
  }

  void onSelect(SelectionListener listener) {
    this.listener = listener;
  }

  private enum Kind {
    DENSE,
    SPARSE,
    REFERENCE
  }

  /** Consecutive tokens of a segment that go through one kernel, for one KV head. */
  private record Part(Kind kind, Step.Segment segment, int first, int count, int kvHead) {
    /** Returns the last position: what the work grows with. */
    long cost() {
      return (long) count * (segment.start() + first + count);
    }
  }

  /** Attends as {@link dev.longspan.kernels.backend.Backend#attend} says. */
  void run(ModelConfig config, float[] qkv, Step step, int layer, VectorKvStore kv, float[] out) {
    List<Part> parts = new ArrayList<>();
    for (Step.Segment segment : step.segments()) {
      split(config, segment, kv, parts);
    }
    // The longest first: the last to finish keeps the others waiting.
    parts.sort(Comparator.comparingLong(Part::cost).reversed());
    pool.run(
        parts.size(), (task, worker) -> run(config, qkv, parts.get(task), layer, kv, worker, out));
  }

  private void split(ModelConfig config, Step.Segment segment, VectorKvStore kv, List<Part> parts) {
    int i = 0;
    while (i < segment.count()) {
      Kind kind = kind(segment, i, kv);
      int end = i + 1;
      while (end < segment.count() && kind(segment, end, kv) == kind) {
        end++;
      }
      int heads = kind == Kind.REFERENCE ? 1 : config.kvHeads();
      int tokens = kind == Kind.REFERENCE ? 1 : DenseKernel.tokens(config);
      for (; i < end; i += tokens) {
        for (int h = 0; h < heads; h++) {
          parts.add(new Part(kind, segment, i, Math.min(tokens, end - i), h));
        }
      }
      i = end;
    }
  }

  /** Returns the kernel for a token. */
  private Kind kind(Step.Segment segment, int i, VectorKvStore kv) {
    AttentionMethod method = segment.sequence().method();
    if (method instanceof DenseAttention) {
      return Kind.DENSE;
    }
    if (method instanceof InfLlmV2 m) {
      if (!m.isSparse(segment.sequence().decisionLength(segment.start() + i))) {
        return Kind.DENSE;
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
    switch (part.kind) {
      case DENSE -> {
        if (rows[worker] == null || !rows[worker].isFor(config.headDim())) {
          rows[worker] = new RowAttention(config.headDim());
        }
        DenseKernel.run(
            config,
            qkv,
            part.segment,
            part.first,
            part.count,
            part.kvHead,
            layer,
            kv,
            rows[worker],
            out);
      }
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
