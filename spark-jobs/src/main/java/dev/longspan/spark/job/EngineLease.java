package dev.longspan.spark.job;

import dev.longspan.kernels.engine.Request;
import dev.longspan.kernels.engine.Response;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.tokenizer.Tokenizer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;

/** One task's use of a shared engine. */
public final class EngineLease implements AutoCloseable {
  private final SharedEngine shared;
  private final AtomicBoolean closed = new AtomicBoolean();

  EngineLease(SharedEngine shared) {
    this.shared = shared;
  }

  /**
   * A request on its way.
   *
   * @param generation of the engine that got it, for {@link #replace}
   * @param response never completes exceptionally
   */
  record Ticket(int generation, CompletableFuture<Response> response) {}

  /** Returns the model's tokenizer. */
  public Tokenizer tokenizer() {
    return shared.tokenizer();
  }

  /** Returns the model's shape and constants. */
  public ModelConfig config() {
    return shared.running().model().config();
  }

  /** Returns the name of the backend in use, never {@code auto}. */
  public String backend() {
    return shared.running().backend().name();
  }

  /** Returns how many requests a task has in flight so that the batch stays full. */
  public int window() {
    return shared.maxSequences();
  }

  Ticket submit(Request request) {
    SharedEngine.Running running = shared.running();
    return new Ticket(running.generation(), running.engine().submit(request));
  }

  /** Opens another engine in place of one that failed. */
  void replace(int generation) {
    shared.replace(generation);
  }

  void cancel(String key) {
    shared.running().engine().cancel(key);
  }

  SharedEngine shared() {
    return shared;
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      Engines.release(shared);
    }
  }
}
