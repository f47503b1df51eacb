package dev.longspan.kernels.engine;

import dev.longspan.kernels.backend.Backend;
import dev.longspan.kernels.backend.KvStore;
import dev.longspan.kernels.model.Model;
import dev.longspan.kernels.model.Pending;
import dev.longspan.kernels.model.Results;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the rows that the scheduler chose and hands the results to their tasks.
 *
 * <p>Where the backend runs ahead, the next rows are launched before the results of the last ones
 * are collected, so that the device never waits for the host. Not thread safe.
 */
final class StepRunner {
  private static final Logger LOG = LoggerFactory.getLogger(StepRunner.class);

  private final Model model;
  private final KvStore kv;
  private final Set<Integer> endIds;
  private final Meter meter;
  private final Backend.Driving driving;
  private final Deque<List<Launched>> inFlight = new ArrayDeque<>();
  private long lastCollected = System.nanoTime();

  private record Launched(Rows rows, Pending pending, long at) {}

  StepRunner(Model model, KvStore kv, Set<Integer> endIds, Meter meter) {
    this.model = model;
    this.kv = kv;
    this.endIds = Set.copyOf(endIds);
    this.meter = meter;
    driving = model.backend().driving();
  }

  /** Returns whether everything that was launched has been collected. */
  boolean idle() {
    return inFlight.isEmpty();
  }

  /**
   * Launches the parts and collects what was launched before, or the parts if there was nothing.
   */
  void run(List<Rows.Part> parts) {
    List<Launched> launched = new ArrayList<>();
    for (List<Rows.Part> step : steps(parts)) {
      launch(step, launched);
    }
    if (!launched.isEmpty()) {
      inFlight.addLast(launched);
    }
    int ahead = driving.ahead() && !launched.isEmpty() ? 1 : 0;
    while (inFlight.size() > ahead) {
      inFlight.removeFirst().forEach(this::collect);
    }
  }

  /** Divides parts into steps as the backend wants them, answers first. */
  private List<List<Rows.Part>> steps(List<Rows.Part> parts) {
    if (!driving.separatePhases()) {
      return parts.isEmpty() ? List.of() : List.of(parts);
    }
    List<List<Rows.Part>> steps = new ArrayList<>();
    List<Rows.Part> answers = parts.stream().filter(Rows.Part::decode).toList();
    for (int i = 0; i < answers.size(); i += driving.answerRows()) {
      steps.add(answers.subList(i, Math.min(answers.size(), i + driving.answerRows())));
    }
    List<Rows.Part> prompts = parts.stream().filter(part -> !part.decode()).toList();
    if (!prompts.isEmpty()) {
      steps.add(prompts);
    }
    return steps;
  }

  /** Launches parts in one step or, where that fails, each alone to find the one to blame. */
  private void launch(List<Rows.Part> parts, List<Launched> launched) {
    try {
      Rows rows = new Rows(parts);
      long now = System.nanoTime();
      launched.add(new Launched(rows, model.launch(rows.step(), kv), now));
      for (int i = 0; i < rows.step().picks().size(); i++) {
        rows.owner(i).task().launched(rows.position(i));
      }
    } catch (RuntimeException | Error e) {
      if (parts.size() == 1) {
        fail(parts.get(0), e);
        return;
      }
      LOG.warn("a step of {} requests failed: running each alone: {}", parts.size(), e.toString());
      for (Rows.Part part : parts) {
        launch(List.of(part), launched);
      }
    }
  }

  private void collect(Launched step) {
    Rows rows = step.rows;
    Results results;
    try {
      results = step.pending.collect();
    } catch (RuntimeException | Error e) {
      rows.parts().forEach(part -> fail(part, e));
      return;
    }
    long now = System.nanoTime();
    double seconds = (now - Math.max(step.at, lastCollected)) * 1e-9;
    lastCollected = now;
    meter.step(rows.count(false), rows.count(true), seconds);
    for (Rows.Part part : rows.parts()) {
      part.task().spend(part.decode(), seconds * part.count() / rows.step().rows());
    }
    for (int i = 0; i < rows.step().picks().size(); i++) {
      Rows.Part part = rows.owner(i);
      try {
        part.task().take(rows.position(i), results.tokens()[i], results.logProbs()[i], endIds);
      } catch (RuntimeException | Error e) {
        fail(part, e);
      }
    }
  }

  private void fail(Rows.Part part, Throwable cause) {
    Task task = part.task();
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
            part.start(),
            cause,
            remedy));
  }
}
