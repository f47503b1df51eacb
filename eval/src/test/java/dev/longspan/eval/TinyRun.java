package dev.longspan.eval;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Samples and generations of a small run, put together by hand. */
public final class TinyRun {
  public final List<SampleSummary> samples = new ArrayList<>();
  public final List<Generation> generations = new ArrayList<>();

  /** Adds a sample and answers its references word for word or not at all, method by method. */
  public TinyRun add(String task, int length, String id, Map<String, Boolean> right) {
    sample(task, length, id, "blue heron", "1234567");
    right.forEach(
        (method, ok) -> answer(task, length, id, method, ok ? "blue heron 1234567" : "unknown"));
    return this;
  }

  /** Adds a sample of the suite ruler. */
  public TinyRun sample(String task, int length, String id, String... references) {
    samples.add(
        new SampleSummary(
            "ruler",
            task,
            length,
            id,
            "What is the number of " + id + "?",
            "",
            List.of(references),
            Map.of("haystack", "chronicle")));
    return this;
  }

  /** Adds an answer that took 2 s to prefill and 1 s to decode. */
  public TinyRun answer(String task, int length, String id, String method, String text) {
    return row(task, length, id, 0, method, text, null, null);
  }

  /** Adds a failed row. */
  public TinyRun failure(
      String task, int length, String id, String method, String code, String text) {
    return row(task, length, id, 0, method, "", code, text);
  }

  /** Adds any row. */
  public TinyRun row(
      String task,
      int length,
      String id,
      int attempt,
      String method,
      String text,
      String code,
      String message) {
    generations.add(
        new Generation(
            "key-" + generations.size(),
            "ruler",
            task,
            length,
            id,
            attempt,
            method,
            text,
            length - 32,
            11,
            code == null ? "stop" : "error",
            code,
            message,
            code == null ? 2.0 : 0,
            code == null ? 1.0 : 0));
    return this;
  }
}
