package dev.longspan.kernels.engine;

import dev.longspan.kernels.backend.Backend;
import dev.longspan.kernels.backend.Decoder;
import dev.longspan.kernels.backend.KvStore;
import dev.longspan.kernels.checkpoint.WeightSource;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.Pending;
import dev.longspan.kernels.model.Pick;
import dev.longspan.kernels.model.Results;
import dev.longspan.kernels.model.Sequence;
import dev.longspan.kernels.model.Step;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * A CPU backend that is driven as a device: phases apart, and steps that run as late as a device
 * may run them, when their results are collected or the next step but one is launched.
 */
final class AheadBackend {
  private static final int ANSWER_ROWS = 5;

  private final Decoder decoder;
  private final Map<Sequence, Integer> drawn = new IdentityHashMap<>();
  private final Map<Sequence, BitSet> seen = new IdentityHashMap<>();
  private final Deque<Late> queue = new ArrayDeque<>();

  /** A step that was launched and has not run. */
  private final class Late implements Pending {
    private final Step step;
    private final KvStore kv;
    private Results results;
    private RuntimeException failure;

    Late(Step step, KvStore kv) {
      this.step = step;
      this.kv = kv;
    }

    void run() {
      queue.remove();
      int[] tokens = step.tokens().clone();
      for (Step.Segment s : step.segments()) {
        if (tokens[s.firstRow()] == Step.DRAWN) {
          // A device reads what it finds, also after logits that are no numbers.
          tokens[s.firstRow()] = Math.max(0, drawn.get(s.sequence()));
        }
      }
      List<Pick> picks = step.picks().stream().map(this::withSeen).toList();
      try {
        results = decoder.launch(new Step(tokens, step.segments(), picks), kv).collect();
      } catch (RuntimeException e) {
        failure = e;
        return;
      }
      for (int i = 0; i < picks.size(); i++) {
        if (picks.get(i) instanceof Pick.Draw draw) {
          int token = results.tokens()[i];
          Sequence sequence = sequence(draw.row());
          drawn.put(sequence, token);
          if (draw.seen() != null && token >= 0) {
            draw.seen().set(token);
          }
        }
      }
    }

    /** Keeps tokens seen by itself from the first draw of a sequence on. */
    private Pick withSeen(Pick pick) {
      if (pick instanceof Pick.Draw draw && draw.seen() != null) {
        BitSet own = seen.computeIfAbsent(sequence(draw.row()), s -> (BitSet) draw.seen().clone());
        return new Pick.Draw(draw.row(), draw.filters(), own, draw.uniform());
      }
      return pick;
    }

    private Sequence sequence(int row) {
      for (Step.Segment s : step.segments()) {
        if (row < s.firstRow() + s.count()) {
          return s.sequence();
        }
      }
      throw new IllegalArgumentException("row " + row);
    }

    @Override
    public Results collect() {
      while (queue.contains(this)) {
        queue.element().run();
      }
      if (failure != null) {
        throw failure;
      }
      return results;
    }
  }

  private AheadBackend(Decoder decoder) {
    this.decoder = decoder;
  }

  static Backend of(Backend backend) {
    return proxy(
        Backend.class,
        backend,
        (method, args) ->
            switch (method) {
              case "driving" -> new Backend.Driving(true, 512, ANSWER_ROWS, true);
              case "load" -> late(backend.load((ModelConfig) args[0], (WeightSource) args[1]));
              default -> null;
            });
  }

  private static Decoder late(Decoder decoder) {
    AheadBackend ahead = new AheadBackend(decoder);
    return proxy(
        Decoder.class,
        decoder,
        (method, args) ->
            method.equals("launch") ? ahead.launch((Step) args[0], (KvStore) args[1]) : null);
  }

  /** What stands in for a method; null where it stays as it is. */
  private interface Instead {
    Object call(String method, Object[] args);
  }

  private static <T> T proxy(Class<T> type, T of, Instead instead) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, args) -> {
              Object result = instead.call(method.getName(), args);
              try {
                return result != null ? result : method.invoke(of, args);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            }));
  }

  private Pending launch(Step step, KvStore kv) {
    Late late = new Late(step, kv);
    queue.add(late);
    return late;
  }
}
