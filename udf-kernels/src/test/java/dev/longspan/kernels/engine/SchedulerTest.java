package dev.longspan.kernels.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.kernels.backend.scalar.ScalarBackend;
import dev.longspan.kernels.model.Model;
import dev.longspan.kernels.model.Sequence;
import dev.longspan.kernels.model.Step;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SchedulerTest {
  private static final Utf8Text ENDLESS = new Utf8Text(Set.of());

  private final List<Step> steps = new ArrayList<>();
  private final Random random = new Random(6);

  @Test
  void chunksEndWithAPageWhereTheyCan() {
    assertEquals(50, Scheduler.chunk(0, 50, 64, true), "all that is left");
    assertEquals(64, Scheduler.chunk(0, 500, 100, true));
    assertEquals(192, Scheduler.chunk(64, 500, 200, true));
    assertEquals(54, Scheduler.chunk(10, 500, 100, true));
    assertEquals(7, Scheduler.chunk(0, 500, 7, true), "no page ends within the budget");
    assertEquals(4, Scheduler.chunk(60, 500, 7, true));
    assertEquals(0, Scheduler.chunk(0, 500, 63, false), "better a whole page in the next step");
    assertEquals(63, Scheduler.chunk(0, 63, 63, false));
  }

  @Test
  void aLongPromptDelaysAnswersByOneChunkPerToken() {
    run(
        new EngineOptions(100, 64, 8),
        generate("short", 5, 40),
        generate("long", 600, 2),
        generate("behind", 70, 2));
    Sequence first = steps.get(0).segments().get(0).sequence();
    long withoutFirst =
        steps.subList(0, 40).stream()
            .filter(step -> step.segments().stream().noneMatch(s -> s.sequence() == first))
            .count();
    assertEquals(0, withoutFirst, "the short request has a row in each step until it ends");
    for (Step step : steps) {
      assertTrue(step.rows() <= 64 + 8, "step of " + step.rows() + " rows");
    }
    long chunks = steps.stream().filter(step -> step.rows() > 8).count();
    assertTrue(chunks <= 12, "675 prompt tokens in " + chunks + " chunks of 64");
    for (Step step : steps) {
      for (Step.Segment s : step.segments()) {
        int end = s.start() + s.count();
        assertTrue(
            s.count() == 1 || end % 64 == 0 || end == 5 || end == 600 || end == 70,
            "a chunk ends at " + end);
      }
    }
  }

  @Test
  void theOldestIsNeverPreemptedAndTheOthersComeBackInOrder() {
    List<Task> finished =
        run(
            new EngineOptions(6, 64, 8),
            generate("a", 60, 190),
            generate("b", 60, 190),
            generate("c", 60, 190),
            generate("d", 60, 190));
    assertEquals(List.of("a", "b", "c", "d"), finished.stream().map(Task::key).toList());
    Set<Sequence> sequences = new LinkedHashSet<>();
    steps.forEach(step -> step.segments().forEach(s -> sequences.add(s.sequence())));
    assertTrue(sequences.size() > 4, "some were preempted and started again");
    Sequence oldest = sequences.iterator().next();
    assertEquals(60 + 189, oldest.length(), "the first sequence of the oldest went to its end");
  }

  @Test
  void cancelledTasksLeaveTheQueueAndTheBatch() {
    Model model = model();
    try (Scheduler scheduler = scheduler(model, new EngineOptions(2, 64, 1))) {
      Task running = task(generate("running", 10, 50));
      Task waiting = task(generate("waiting", 10, 50));
      Task kept = task(generate("kept", 10, 3));
      List.of(running, waiting, kept).forEach(scheduler::add);
      assertEquals(List.of(), scheduler.step());
      running.cancel();
      waiting.cancel();
      assertEquals(List.of(running, waiting), scheduler.dropCancelled());
      assertEquals("cancelled", running.response().finishReason());
      assertEquals("request waiting was cancelled", waiting.response().errorMessage());
      List<Task> finished = new ArrayList<>();
      while (!scheduler.idle()) {
        finished.addAll(scheduler.step());
      }
      assertEquals(List.of(kept), finished);
    }
    model.close();
  }

  private List<Task> run(EngineOptions options, Request... requests) {
    Model model = model();
    List<Task> finished = new ArrayList<>();
    try (Scheduler scheduler = scheduler(model, options)) {
      for (Request request : requests) {
        scheduler.add(task(request));
      }
      while (!scheduler.idle()) {
        finished.addAll(scheduler.step());
      }
    }
    model.close();
    return finished;
  }

  private Model model() {
    return Tiny.model(WatchedBackend.of(new ScalarBackend(), steps::add));
  }

  private Scheduler scheduler(Model model, EngineOptions options) {
    return new Scheduler(model, ENDLESS.endIds(), options, new Meter(options.cachePages()));
  }

  private static Task task(Request request) {
    return new Task(request, ENDLESS, Tiny.CONTEXT);
  }

  private Request generate(String key, int promptTokens, int newTokens) {
    return Request.generate(
        key, Tiny.prompt(random, promptTokens), Tiny.SPARSE_METHOD, Sampling.greedy(newTokens));
  }
}
