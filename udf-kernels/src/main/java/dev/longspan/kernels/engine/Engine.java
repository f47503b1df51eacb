package dev.longspan.kernels.engine;

import dev.longspan.kernels.model.Model;
import dev.longspan.kernels.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers many requests at once over one model: continuous batching in one scheduler thread.
 *
 * <p>The answer to a request is a function of the request and the model alone. Neighbours in the
 * batch, the order of arrival, {@link EngineOptions} and preemption change when it comes, never
 * what it is: rows do not depend on each other in a {@link dev.longspan.kernels.backend.Backend},
 * and random draws depend on seed, key and token index.
 *
 * <p>The queue of waiting requests has no bound: the caller limits how many requests it has in
 * flight. Twice {@link EngineOptions#maxSequences} keep the batch full.
 *
 * <p>Thread safe. While an engine is open, its model must not be used by anybody else. {@link
 * #close} frees the KV cache; model and tokenizer stay their owner's business.
 */
public final class Engine implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Engine.class);

  private final Model model;
  private final Detokenizer text;
  private final EngineOptions options;
  private final Meter meter;
  private final Scheduler scheduler;
  private final Thread thread;

  // All below is guarded by the lock.
  private final Object lock = new Object();
  private final Map<String, List<Task>> inFlight = new HashMap<>();
  private final List<Task> arrived = new ArrayList<>();
  private boolean cancelling;
  private boolean closing;
  private Problem closed;

  private Engine(Model model, Detokenizer text, EngineOptions options) {
    this.model = model;
    this.text = text;
    this.options = options;
    meter = new Meter(options.cachePages());
    scheduler = new Scheduler(model, text.endIds(), options, meter);
    thread = new Thread(this::run, "longspan-engine");
    thread.setDaemon(true);
  }

  /**
   * Starts an engine.
   *
   * @param tokenizer of the model: turns answers into text and knows the end tokens
   */
  public static Engine start(Model model, Tokenizer tokenizer, EngineOptions options) {
    return start(model, Detokenizer.of(tokenizer), options);
  }

  /**
   * Starts an engine whose answers have tokens but no text: only their limit and stop tokens end
   * them.
   */
  public static Engine start(Model model, EngineOptions options) {
    return start(model, Detokenizer.none(), options);
  }

  static Engine start(Model model, Detokenizer text, EngineOptions options) {
    Engine engine = new Engine(model, text, options);
    engine.thread.start();
    LOG.info(
        "engine: backend {}, {} KV pages of 64 tokens, {} requests at once, prompts in chunks of {}",
        model.backend().name(),
        options.cachePages(),
        options.maxSequences(),
        options.chunkTokens());
    return engine;
  }

  /**
   * Hands in a request.
   *
   * <p>The future never completes exceptionally: a failure is a response with {@link
   * Response#errorCode}. A request that can never run is refused at once. What depends on the
   * future without an executor of its own runs on the scheduler thread: it should be short.
   */
  public CompletableFuture<Response> submit(Request request) {
    Objects.requireNonNull(request, "request");
    meter.submitted();
    Problem problem = Problem.of(request, model.config(), options.cachePages());
    if (problem == null) {
      Task task = new Task(request, text, model.config().maxPositions());
      synchronized (lock) {
        problem = closed;
        if (problem == null) {
          inFlight.computeIfAbsent(task.key(), key -> new ArrayList<>(1)).add(task);
          arrived.add(task);
          lock.notifyAll();
          return task.future();
        }
      }
    }
    Response refusal = Task.refusal(request, problem);
    meter.finished(refusal);
    return CompletableFuture.completedFuture(refusal);
  }

  /**
   * Cancels the requests with that key, waiting or running.
   *
   * @return whether there was one; it then gets a response with {@link Response#CANCELLED}, soon
   *     but not before the current step has ended
   */
  public boolean cancel(String key) {
    synchronized (lock) {
      List<Task> tasks = inFlight.get(key);
      if (tasks == null) {
        return false;
      }
      tasks.forEach(Task::cancel);
      cancelling = true;
      lock.notifyAll();
      return true;
    }
  }

  /** Returns what the engine has done so far and is doing now. */
  public EngineStats stats() {
    return meter.stats();
  }

  /**
   * Ends the scheduler thread after its current step and frees the cache; requests that have not
   * ended get a response with {@link Response#CANCELLED}, and so do later ones.
   */
  @Override
  public void close() {
    synchronized (lock) {
      closing = true;
      if (closed == null) {
        closed =
            new Problem(
                Response.CANCELLED,
                "the engine was closed before the request ended: submit it to an open one");
      }
      lock.notifyAll();
    }
    boolean interrupted = false;
    while (thread.isAlive() && Thread.currentThread() != thread) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    try {
      while (awaitWork()) {
        deliver(scheduler.step());
      }
    } catch (RuntimeException | Error e) {
      LOG.error("the scheduler failed", e);
      synchronized (lock) {
        closed =
            new Problem(
                Response.ENGINE_FAILED,
                "the engine stopped: " + e + "; open another, the log has the stack trace");
      }
    } finally {
      end();
    }
  }

  /** Hands what happened meanwhile to the scheduler; returns false when it is time to end. */
  private boolean awaitWork() {
    List<Task> dropped = List.of();
    synchronized (lock) {
      while (arrived.isEmpty() && scheduler.idle() && !closing) {
        try {
          lock.wait();
        } catch (InterruptedException e) {
          LOG.warn("ignoring an interrupt: close() ends the engine");
        }
      }
      if (closing) {
        return false;
      }
      arrived.forEach(scheduler::add);
      arrived.clear();
      if (cancelling) {
        cancelling = false;
        dropped = scheduler.dropCancelled();
      }
    }
    deliver(dropped);
    return true;
  }

  /** Completes the futures of finished tasks, outside the lock: anything may depend on them. */
  private void deliver(List<Task> finished) {
    synchronized (lock) {
      for (Task task : finished) {
        // Under the lock, so that a cancel which found the task has the last word.
        if (task.cancelled()) {
          task.fail(Response.CANCELLED, "request " + task.key() + " was cancelled");
        }
        List<Task> same = inFlight.get(task.key());
        same.remove(task);
        if (same.isEmpty()) {
          inFlight.remove(task.key());
        }
        meter.finished(task.response());
      }
    }
    finished.forEach(task -> task.future().complete(task.response()));
  }

  private void end() {
    List<Task> left;
    synchronized (lock) {
      arrived.forEach(scheduler::add);
      arrived.clear();
      left = scheduler.unfinished();
      left.forEach(
          task -> task.fail(closed.code(), "request " + task.key() + ": " + closed.message()));
    }
    try {
      scheduler.close();
    } finally {
      meter.now(0, options.cachePages(), 0);
      deliver(left);
    }
  }
}
