package dev.longspan.spark.job;

import dev.longspan.datasets.Sample;
import dev.longspan.eval.Generation;
import dev.longspan.kernels.attention.AttentionMethod;
import dev.longspan.kernels.engine.Response;
import dev.longspan.spark.run.GenerationTable;
import dev.longspan.spark.run.SampleTable;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import org.apache.spark.sql.Row;

/**
 * The answers to a partition's rows, in the order in which they finish.
 *
 * <p>Rows are read lazily: a window of them is in flight in the engine, and another one is read
 * when one comes back. What goes wrong with a row becomes a row with an error.
 */
final class Answers implements Iterator<Row>, AutoCloseable {
  private record Answer(Row row, Generation generation) {}

  private record Asked(Row row, Question question) {}

  private final Iterator<Row> work;
  private final EngineLease lease;
  private final JobSpec spec;
  private final List<AttentionMethod> methods;
  private final int window;
  private final Counters counters;
  private final Set<String> seen;
  private final Deque<Answer> refused = new ArrayDeque<>();
  private final Requests<Asked> requests;

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
    requests = new Requests<>(lease);
    seen = new HashSet<>(done);
  }

  @Override
  public boolean hasNext() {
    fill();
    return !refused.isEmpty() || requests.count() > 0;
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
    while (requests.count() < window && refused.isEmpty() && work.hasNext()) {
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
    Question question;
    try {
      question =
          Question.of(
              Work.key(row),
              sample,
              lease.tokenizer(),
              spec.format(),
              methods.get(Work.method(row)),
              spec.sampling().sampling(sample.maxNewTokens()));
    } catch (RuntimeException e) {
      refused.add(error(row, ErrorCodes.PROMPT_NOT_RENDERED, message(e), 0));
      return;
    }
    requests.send(new Asked(row, question), question.request());
  }

  private Answer await() {
    Requests.Answered<Asked> one = requests.await();
    return answer(one.what(), one.response());
  }

  private Answer answer(Asked asked, Response response) {
    Row row = asked.row();
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
            asked.question().answer().apply(response),
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
    requests.close();
    lease.close();
  }
}
