package dev.longspan.kernels.engine;

import dev.longspan.kernels.backend.KvStore;
import dev.longspan.kernels.model.Model;
import dev.longspan.kernels.model.Sequence;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

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
  private final EngineOptions options;
  private final boolean separatePhases;
  private final Meter meter;
  private final KvStore kv;
  private final PagePool pool;
  private final StepRunner runner;
  private final Deque<Task> waiting = new ArrayDeque<>();
  private final List<Task> running = new ArrayList<>();

  Scheduler(Model model, Set<Integer> endIds, EngineOptions options, Meter meter) {
    this.options = options;
    separatePhases = model.backend().driving().separatePhases();
    this.meter = meter;
    pool = new PagePool(options.cachePages());
    model.decoder().reserve(options.rows());
    kv = model.kvStore(options.cachePages());
    runner = new StepRunner(model, kv, endIds, meter);
  }

  /** Adds a task behind all others. */
  void add(Task task) {
    waiting.addLast(task);
  }

  /** Returns whether there is nothing to do. */
  boolean idle() {
    return waiting.isEmpty() && running.isEmpty() && runner.idle();
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

  /**
   * Runs one forward pass and returns the tasks that ended. Where the backend runs ahead, these are
   * tasks of the pass before.
   */
  List<Task> step() {
    growAnswers();
    runner.run(plan());
    return retireFinished();
  }

  /** Makes room for the next token of each running answer, oldest first. */
  private void growAnswers() {
    for (int i = 0; i < running.size(); i++) {
      Task task = running.get(i);
      while (!pool.grow(task.sequence(), PagePool.pagesFor(task.cached()))) {
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
   * Starts the first waiting task if there are pages for all that it knows. One page for each
   * running answer that still grows stays free, so that a task is not started to be preempted at
   * once.
   */
  private boolean admit() {
    if (waiting.isEmpty() || running.size() == options.maxSequences()) {
      return false;
    }
    int reserve = running.isEmpty() ? 0 : growing() + 1;
    if (pool.free() < reserve) {
      return false;
    }
    Task task = waiting.peekFirst();
    int[] prompt = task.prompt();
    Sequence sequence = new Sequence(task.method(), prompt.length);
    PagePool.Prefix prefix =
        pool.share(sequence, task.method().cacheKey(prompt.length), prompt, task.reusable());
    int reused = sequence.length();
    int pages = PagePool.pagesFor(task.cached());
    if (pool.free() < pages - sequence.pageCount() + reserve) {
      pool.release(sequence);
      return false;
    }
    waiting.removeFirst();
    pool.grow(sequence, pages);
    task.start(sequence, prefix);
    running.add(task);
    meter.reused(reused);
    return true;
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
      if (decodes(task)) {
        parts.add(new Rows.Part(task, task.sequence().length(), 1, true));
      }
    }
    int budget = options.chunkTokens();
    for (Task task : running) {
      if (!decodes(task)) {
        budget -= addChunk(task, budget, parts);
      }
    }
    // Not before its rows can run: until then another task may bring the same prompt to the cache.
    while (budget > 0 && admit()) {
      budget -= addChunk(running.get(running.size() - 1), budget, parts);
    }
    return parts;
  }

  private int addChunk(Task task, int budget, List<Rows.Part> parts) {
    int start = task.sequence().length();
    int remaining = separatePhases ? task.remainingPrompt() : task.remaining();
    int count = chunk(start, remaining, budget, budget == options.chunkTokens());
    if (count > 0) {
      parts.add(new Rows.Part(task, start, count, false));
    }
    return count;
  }

  /**
   * Returns whether the next row of a task is of its answer. An answer that is computed again is
   * taken in chunks, as a prompt, unless the backend has its own arithmetic for answers.
   */
  private boolean decodes(Task task) {
    return separatePhases ? task.remaining() > 0 && task.remainingPrompt() == 0 : task.decoding();
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

  private List<Task> retireFinished() {
    List<Task> finished = new ArrayList<>();
    for (Iterator<Task> i = running.iterator(); i.hasNext(); ) {
      Task task = i.next();
      pool.publish(task.sequence(), task.prefix());
      if (task.response() != null) {
        pool.release(task.sequence());
        task.stop();
        finished.add(task);
        i.remove();
      }
    }
    meter.now(running.size(), pool.free(), pool.idle());
    return finished;
  }

  @Override
  public void close() {
    kv.close();
  }
}
