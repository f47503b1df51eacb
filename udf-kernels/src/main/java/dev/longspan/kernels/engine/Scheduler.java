package dev.longspan.kernels.engine;

import dev.longspan.kernels.backend.KvStore;
import dev.longspan.kernels.model.Model;
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
    admit();
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
   * Starts waiting tasks while there are pages for all that they know. One page for each running
   * answer that still grows stays free, so that a task is not started to be preempted at once.
   */
  private void admit() {
    while (!waiting.isEmpty() && running.size() < options.maxSequences()) {
      Task task = waiting.peekFirst();
      int pages = PagePool.pagesFor(task.cached());
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
      if (decodes(task)) {
        parts.add(new Rows.Part(task, task.sequence().length(), 1, true));
      }
    }
    int budget = options.chunkTokens();
    for (Task task : running) {
      if (budget > 0 && !decodes(task)) {
        int start = task.sequence().length();
        int remaining = separatePhases ? task.remainingPrompt() : task.remaining();
        int count = chunk(start, remaining, budget, budget == options.chunkTokens());
        if (count > 0) {
          parts.add(new Rows.Part(task, start, count, false));
          budget -= count;
        }
      }
    }
    return parts;
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
