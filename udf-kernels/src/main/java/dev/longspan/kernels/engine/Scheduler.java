package dev.longspan.kernels.engine;

import dev.longspan.kernels.backend.KvStore;
import dev.longspan.kernels.model.Model;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides what runs next, and runs it.
 *
 * <p>Requests run in the order of their submission, and that order is kept all the way: the running
 * ones are always older than the waiting ones, prompts are prefilled oldest first, and where pages
 * run out the youngest loses its own. So the oldest can always have every page, which is enough for
 * it, and ends; then the next is the oldest: nothing starves and nothing can deadlock.
 *
 * <p>A step holds one row of every running answer and at most {@code chunkTokens} rows of prompts;
 * a long prompt delays the running answers by one chunk per token. Not thread safe.
 */
final class Scheduler implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Scheduler.class);

  private final Model model;
  private final EngineOptions options;
  private final Set<Integer> endIds;
  private final Meter meter;
  private final KvStore kv;
  private final PagePool pool;
  private final Sampler sampler;
  private final Deque<Task> waiting = new ArrayDeque<>();
  private final List<Task> running = new ArrayList<>();

  Scheduler(Model model, Set<Integer> endIds, EngineOptions options, Meter meter) {
    this.model = model;
    this.options = options;
    this.endIds = Set.copyOf(endIds);
    this.meter = meter;
    pool = new PagePool(options.cachePages());
    sampler = new Sampler(model.config().vocabSize());
    kv = model.kvStore(options.cachePages());
  }

  /** Adds a task behind all others. */
  void add(Task task) {
    waiting.addLast(task);
  }

  /** Returns whether there is nothing to do. */
  boolean idle() {
    return waiting.isEmpty() && running.isEmpty();
  }

  /** Returns every task that has not ended. */
  List<Task> unfinished() {
    return Stream.concat(running.stream(), waiting.stream()).toList();
  }

  /** Removes the tasks that were cancelled and returns them with their responses. */
  List<Task> dropCancelled() {
    List<Task> dropped = unfinished().stream().filter(Task::cancelled).toList();
    for (Task task : dropped) {
      task.fail(Response.CANCELLED, "request " + task.key() + " was cancelled");
    }
    waiting.removeIf(task -> task.response() != null);
    retireFinished();
    return dropped;
  }

  /** Runs one forward pass and returns the tasks that it finished. */
  List<Task> step() {
    growAnswers();
    admit();
    List<Rows.Part> parts = plan();
    if (!parts.isEmpty()) {
      runAll(parts);
    }
    return retireFinished();
  }

  /** Makes room for the next token of each running answer, oldest first. */
  private void growAnswers() {
    for (int i = 0; i < running.size(); i++) {
      Task task = running.get(i);
      while (!pool.grow(task.sequence(), PagePool.pagesFor(task.known()))) {
        Task youngest = running.remove(running.size() - 1);
        pool.release(youngest.sequence());
        youngest.stop();
        waiting.addFirst(youngest);
        meter.preempted();
        if (youngest == task) {
          break;
        }
      }
    }
  }

  /**
   * Starts waiting tasks while there are pages for all that they know. One page for each running
   * answer that still grows stays free, so that a task is not started to be preempted at once.
   */
  private void admit() {
    while (!waiting.isEmpty() && running.size() < options.maxSequences()) {
      Task task = waiting.peekFirst();
      int pages = PagePool.pagesFor(task.known());
      if (!running.isEmpty() && pool.free() < pages + growing() + 1) {
        return;
      }
      waiting.removeFirst();
      task.start();
      pool.grow(task.sequence(), pages);
      running.add(task);
    }
  }

  private int growing() {
    int growing = 0;
    for (Task task : running) {
      if (PagePool.pagesFor(task.mostCached()) > task.sequence().pageCount()) {
        growing++;
      }
    }
    return growing;
  }

  private List<Rows.Part> plan() {
    List<Rows.Part> parts = new ArrayList<>();
    for (Task task : running) {
      if (task.decoding()) {
        parts.add(new Rows.Part(task, task.sequence().length(), 1, true));
      }
    }
    int budget = options.chunkTokens();
    for (Task task : running) {
      if (budget > 0 && !task.decoding()) {
        int start = task.sequence().length();
        int count = chunk(start, task.remaining(), budget, budget == options.chunkTokens());
        if (count > 0) {
          parts.add(new Rows.Part(task, start, count, false));
          budget -= count;
        }
      }
    }
    return parts;
  }

  /**
   * Returns how many of the remaining tokens of a prompt to take: all, or as many as end with a
   * page, or, if that is none, as many as may be taken for the first prompt of a step and none for
   * the others.
   */
  static int chunk(int start, int remaining, int budget, boolean first) {
    if (remaining <= budget) {
      return remaining;
    }
    int aligned = (start + budget) / KvStore.PAGE * KvStore.PAGE - start;
    if (aligned > 0) {
      return aligned;
    }
    return first ? budget : 0;
  }

  /** Runs all parts in one pass or, where that fails, each alone to find the one to blame. */
  private void runAll(List<Rows.Part> parts) {
    try {
      run(parts);
    } catch (RuntimeException | Error e) {
      if (parts.size() == 1) {
        fail(parts.get(0).task(), e);
        return;
      }
      LOG.warn("a step of {} requests failed: running each alone: {}", parts.size(), e.toString());
      for (Rows.Part part : parts) {
        runAll(List.of(part));
      }
    }
  }

  private void fail(Task task, Throwable cause) {
    LOG.error("request {} failed", task.key(), cause);
    String remedy =
        cause instanceof OutOfMemoryError
            ? "Give the JVM more memory (-Xmx), or the engine fewer KV pages"
            : "Submit it again; if it fails again, the log has the stack trace";
    task.fail(
        Response.ENGINE_FAILED,
        String.format(
            Locale.ROOT,
            "request %s: backend %s failed at token %d: %s; other requests go on. %s",
            task.key(),
            model.backend().name(),
            task.sequence().length(),
            cause,
            remedy));
  }

  private void run(List<Rows.Part> parts) {
    long before = System.nanoTime();
    Rows rows = new Rows(parts);
    int vocab = model.config().vocabSize();
    model.forward(
        rows.step(),
        kv,
        (index, logits, offset) ->
            rows.owner(index).take(rows.position(index), logits, offset, vocab, sampler));
    double seconds = (System.nanoTime() - before) * 1e-9;
    meter.step(rows.prefill(), rows.decode(), seconds);
    for (Rows.Part part : parts) {
      part.task().spend(part.decode(), seconds * part.count() / rows.step().rows());
      try {
        part.task().advance(endIds);
      } catch (RuntimeException | Error e) {
        fail(part.task(), e);
      }
    }
  }

  private List<Task> retireFinished() {
    List<Task> finished = new ArrayList<>();
    for (Iterator<Task> i = running.iterator(); i.hasNext(); ) {
      Task task = i.next();
      if (task.response() != null) {
        pool.release(task.sequence());
        task.stop();
        finished.add(task);
        i.remove();
      }
    }
    meter.now(running.size(), pool.free());
    return finished;
  }

  @Override
  public void close() {
    kv.close();
  }
}
