package dev.longspan.spark.job;

import dev.longspan.datasets.Sample;
import dev.longspan.eval.Generation;
import dev.longspan.kernels.attention.AttentionMethod;
import dev.longspan.kernels.engine.Request;
import dev.longspan.kernels.engine.Response;
import dev.longspan.spark.run.GenerationTable;
import dev.longspan.spark.run.SampleTable;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.apache.spark.sql.Row;

/**
 * The answers to a partition's rows, in the order in which they finish.
 *
 * <p>Rows are read lazily: a window of them is in flight in the engine, and another one is read
 * when one comes back. What goes wrong with a row becomes a row with an error. When the engine
 * itself fails it is replaced and the rows in flight are asked again, {@link #MAX_REPLAYS} times at
 * most.
 */
final class Answers implements Iterator<Row>, AutoCloseable {
  static final int MAX_REPLAYS = 2;

  private record Answer(Row row, Generation generation) {}

  private record InFlight(Row row, Request request, int replays) {}

  private record Finished(InFlight what, int engineGeneration, Response response) {}

  private final Iterator<Row> work;
  private final EngineLease lease;
  private final JobSpec spec;
  private final List<AttentionMethod> methods;
  private final int window;
  private final Counters counters;
  private final Set<String> seen;
  private final Deque<Answer> refused = new ArrayDeque<>();
  private final Map<String, InFlight> inFlight = new HashMap<>();
  private final BlockingQueue<Finished> finished = new LinkedBlockingQueue<>();

  /**
   * Begins nothing yet.
   *
   * @param work rows of {@link Work#SCHEMA}
   * @param done keys to leave out: an earlier attempt of the task has written their answers
   */
  Answers(
      Iterator<Row> work, EngineLease lease, JobSpec spec, Set<String> done, Counters counters) {
    this.work = work;
    this.lease = lease;
    this.spec = spec;
    this.counters = counters;
    methods = spec.methods().stream().map(method -> method.method(lease.config())).toList();
    window = lease.window();
    seen = new HashSet<>(done);
  }

  @Override
  public boolean hasNext() {
    fill();
    return !refused.isEmpty() || !inFlight.isEmpty();
  }

  @Override
  public Row next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    Answer answer = refused.isEmpty() ? await() : refused.remove();
    counters.add(answer.generation(), Work.cost(answer.row()));
    return GenerationTable.row(answer.generation());
  }

  private void fill() {
    while (inFlight.size() < window && refused.isEmpty() && work.hasNext()) {
      Row row = work.next();
      if (seen.add(Work.key(row))) {
        start(row);
      }
    }
  }

  private void start(Row row) {
    if (Work.problem(row) != null) {
      refused.add(error(row, ErrorCodes.INPUT_UNREADABLE, Work.problem(row), 0));
      return;
    }
    Sample sample = SampleTable.sample(row);
    int[] prompt;
    try {
      prompt = prompt(sample);
    } catch (RuntimeException e) {
      refused.add(error(row, ErrorCodes.PROMPT_NOT_RENDERED, message(e), 0));
      return;
    }
    send(
        new InFlight(
            row,
            Request.generate(
                Work.key(row),
                prompt,
                methods.get(Work.method(row)),
                spec.sampling().sampling(sample.maxNewTokens())),
            0));
  }

  private int[] prompt(Sample sample) {
    return Prompts.tokens(
        lease.tokenizer(), sample.messages(), sample.answerPrefix(), spec.template());
  }

  private void send(InFlight what) {
    inFlight.put(what.request().key(), what);
    EngineLease.Ticket ticket = lease.submit(what.request());
    ticket
        .response()
        .thenAccept(response -> finished.add(new Finished(what, ticket.generation(), response)));
  }

  private Answer await() {
    while (true) {
      Finished one;
      try {
        one = finished.take();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("the task was interrupted while it waited for answers", e);
      }
      InFlight what = one.what();
      boolean engineFailed =
          Response.ENGINE_FAILED.equals(one.response().errorCode())
              || Response.CANCELLED.equals(one.response().errorCode());
      if (engineFailed && what.replays() < MAX_REPLAYS) {
        lease.replace(one.engineGeneration());
        send(new InFlight(what.row(), what.request(), what.replays() + 1));
      } else {
        inFlight.remove(what.request().key());
        return answer(what.row(), one.response());
      }
    }
  }

  private Answer answer(Row row, Response response) {
    if (response.failed()) {
      return error(row, response.errorCode(), response.errorMessage(), response.promptTokens());
    }
    Sample sample = SampleTable.sample(row);
    return new Answer(
        row,
        new Generation(
            Work.key(row),
            sample.suite(),
            sample.task(),
            sample.length(),
            sample.id(),
            Work.attempt(row),
            methods.get(Work.method(row)).name(),
            response.text(),
            response.promptTokens(),
            response.tokens().length,
            response.finishReason(),
            null,
            null,
            response.prefillSeconds(),
            response.decodeSeconds()));
  }

  private Answer error(Row row, String code, String message, int promptTokens) {
    Sample sample = SampleTable.sample(row);
    return new Answer(
        row,
        new Generation(
            Work.key(row),
            sample.suite(),
            sample.task(),
            sample.length(),
            sample.id(),
            Work.attempt(row),
            methods.get(Work.method(row)).name(),
            "",
            promptTokens,
            0,
            "error",
            code,
            message,
            0,
            0));
  }

  private static String message(RuntimeException e) {
    return e.getMessage() == null ? e.toString() : e.getMessage();
  }

  /** Takes back what is in flight and gives the engine back. */
  @Override
  public void close() {
    inFlight.keySet().forEach(lease::cancel);
    lease.close();
  }
}
