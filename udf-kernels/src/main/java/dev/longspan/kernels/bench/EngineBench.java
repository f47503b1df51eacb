package dev.longspan.kernels.bench;

import dev.longspan.kernels.attention.AttentionMethod;
import dev.longspan.kernels.engine.Engine;
import dev.longspan.kernels.engine.EngineOptions;
import dev.longspan.kernels.engine.Request;
import dev.longspan.kernels.engine.Response;
import dev.longspan.kernels.engine.Sampling;
import java.time.LocalDate;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/** Measures how many requests an engine answers: generated tokens per second of all together. */
public final class EngineBench {
  private EngineBench() {}

  /**
   * What to measure.
   *
   * @param requests requests of a run, all handed in at once
   * @param inputTokens tokens of each prompt; no two prompts start alike
   * @param outputTokens tokens of each answer
   * @param methods attention methods by name; they take turns
   * @param runs measured runs of each method
   * @param warmups runs of each method before, not counted
   * @param chunk most prompt tokens in one step; null for what suits the backend
   * @param maxSequences requests that run at the same time; null for all
   * @param command the command line that repeats the measurement, for the records
   */
  public record Options(
      int requests,
      int inputTokens,
      int outputTokens,
      List<String> methods,
      int runs,
      int warmups,
      Integer chunk,
      Integer maxSequences,
      String command) {

    /** Checks the numbers; a message names the option, its value and what it must be. */
    public Options {
      Checks.atLeast("requests", requests, 1);
      Checks.atLeast("input tokens", inputTokens, 1);
      Checks.atLeast("output tokens", outputTokens, 1);
      Checks.atLeast("runs", runs, 1);
      Checks.atLeast("warmups", warmups, 0);
      Checks.atLeast("chunk", chunk == null ? 1 : chunk, 1);
      Checks.atLeast("sequences", maxSequences == null ? 1 : maxSequences, 1);
      methods = List.copyOf(methods);
    }
  }

  /**
   * Measures every method.
   *
   * @param sink gets a record per method
   * @throws IllegalArgumentException if the requests are beyond the model's context or a method is
   *     unknown
   */
  public static void run(BenchModel subject, Options options, Consumer<BenchRecord> sink) {
    Map<String, AttentionMethod> methods = new LinkedHashMap<>();
    for (String name : options.methods) {
      methods.put(name, subject.method(name));
    }
    Checks.fits(subject.config(), options.inputTokens + options.outputTokens);
    int sequences = options.maxSequences == null ? options.requests : options.maxSequences;
    EngineOptions limits = EngineOptions.forModel(subject.model(), options.chunk, sequences);
    Map<String, Runs> results = new LinkedHashMap<>();
    try (Engine engine = Engine.start(subject.model(), limits)) {
      for (int i = -options.warmups; i < options.runs; i++) {
        for (Map.Entry<String, AttentionMethod> method : methods.entrySet()) {
          double rate = run(engine, subject, options, method.getValue(), i);
          if (i >= 0) {
            results.computeIfAbsent(method.getKey(), k -> new Runs()).add(rate);
          }
        }
      }
    }
    String commit = Machine.commit();
    double all = 1 + (double) options.inputTokens / options.outputTokens;
    results.forEach(
        (method, runs) ->
            sink.accept(
                new BenchRecord(
                    "engine",
                    String.format(
                        Locale.ROOT,
                        "%s %s %d requests, %d in, %d out, %d at once",
                        subject.name(),
                        method,
                        options.requests,
                        options.inputTokens,
                        options.outputTokens,
                        sequences),
                    runs.median(),
                    "tokens/s",
                    Checks.peers(results, method),
                    String.format(
                        Locale.ROOT, "%.0f tokens/s read and written", all * runs.median()),
                    runs.low(),
                    runs.high(),
                    runs.count(),
                    subject.device(),
                    commit,
                    LocalDate.now().toString(),
                    options.command)));
  }

  private static double run(
      Engine engine, BenchModel subject, Options options, AttentionMethod method, int round) {
    // Prompts that no method and round had before: the engine would find them in its cache.
    Random random = new Random(31L * round + method.describe().hashCode());
    List<Request> requests =
        IntStream.range(0, options.requests)
            .mapToObj(
                i ->
                    Request.generate(
                        "request " + i,
                        random.ints(options.inputTokens, 0, subject.config().vocabSize()).toArray(),
                        method,
                        Sampling.greedy(options.outputTokens)))
            .toList();
    long start = System.nanoTime();
    List<CompletableFuture<Response>> futures = requests.stream().map(engine::submit).toList();
    long tokens = 0;
    for (CompletableFuture<Response> future : futures) {
      Response response = future.join();
      if (response.failed()) {
        throw new IllegalStateException(response.errorMessage());
      }
      tokens += response.tokens().length;
    }
    return tokens / ((System.nanoTime() - start) * 1e-9);
  }
}
