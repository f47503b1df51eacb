package dev.longspan.kernels.bench;

import dev.longspan.kernels.attention.AttentionMethod;
import dev.longspan.kernels.backend.KvStore;
import dev.longspan.kernels.backend.cuda.BenchInputs;
import dev.longspan.kernels.model.Pending;
import dev.longspan.kernels.model.Pick;
import dev.longspan.kernels.model.Sequence;
import dev.longspan.kernels.model.Step;
import dev.longspan.kernels.sampling.Filters;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;

/** Measures how fast prompts are read: tokens per second from an empty cache to the first token. */
public final class PrefillBench {
  private PrefillBench() {}

  /** How often a clustered prompt has each of its tokens in a row. */
  private static final int REPEATS = 64;

  /**
   * What to measure.
   *
   * @param lengths prompt lengths in tokens
   * @param methods attention methods by name; they take turns within each length
   * @param runs measured runs of each case
   * @param warmups runs of each case before, not counted
   * @param inputs names of {@link BenchInputs}: random prompts, or clustered ones, which have every
   *     token many times in a row, so that adjacent tokens choose much the same blocks
   * @param chunk most tokens in one step; null for what suits the backend
   * @param command the command line that repeats the measurement, for the records
   */
  public record Options(
      List<Integer> lengths,
      List<String> methods,
      int runs,
      int warmups,
      List<String> inputs,
      Integer chunk,
      String command) {

    /** Checks the numbers; a message names the option, its value and what it must be. */
    public Options {
      lengths.forEach(n -> Checks.atLeast("length", n, 1));
      Checks.atLeast("runs", runs, 1);
      Checks.atLeast("warmups", warmups, 0);
      Checks.atLeast("chunk", chunk == null ? 1 : chunk, 1);
      lengths = List.copyOf(lengths);
      methods = List.copyOf(methods);
      inputs.forEach(BenchInputs::parse);
      inputs = List.copyOf(inputs);
    }
  }

  /**
   * Measures every length and kind of prompt with every method.
   *
   * @param sink gets a record per case, as soon as all methods of a prompt are done
   * @throws IllegalArgumentException if a length is beyond the model's context or a method unknown
   */
  public static void run(BenchModel subject, Options options, Consumer<BenchRecord> sink) {
    Map<String, AttentionMethod> methods = new LinkedHashMap<>();
    for (String name : options.methods) {
      methods.put(name, subject.method(name));
    }
    options.lengths.forEach(n -> Checks.fits(subject.config(), n));
    for (int length : options.lengths) {
      for (String inputs : options.inputs) {
        measure(subject, options, methods, length, BenchInputs.parse(inputs), sink);
      }
    }
  }

  private static void measure(
      BenchModel subject,
      Options options,
      Map<String, AttentionMethod> methods,
      int length,
      BenchInputs inputs,
      Consumer<BenchRecord> sink) {
    int chunk = options.chunk == null ? subject.promptRows() : options.chunk;
    int[] tokens = prompt(inputs, length, subject.config().vocabSize());
    Map<String, Runs> results = new LinkedHashMap<>();
    try (KvStore kv = subject.model().kvStore((length + KvStore.PAGE - 1) / KvStore.PAGE)) {
      for (int i = -options.warmups; i < options.runs; i++) {
        for (Map.Entry<String, AttentionMethod> method : methods.entrySet()) {
          double seconds = read(subject, kv, method.getValue(), tokens, chunk);
          if (i >= 0) {
            results.computeIfAbsent(method.getKey(), k -> new Runs()).add(length / seconds);
          }
        }
      }
    }
    results.forEach(
        (method, runs) -> {
          double flops =
              Arithmetic.prefill(subject.config(), methods.get(method), 0, length) / length;
          String kind = inputs == BenchInputs.RANDOM ? "" : " " + inputs;
          sink.accept(
              new BenchRecord(
                  "prefill",
                  String.format("%s %s %d%s", subject.name(), method, length, kind),
                  runs.median(),
                  "tokens/s",
                  Checks.peers(results, method),
                  Arithmetic.rate(runs.median() * flops),
                  runs.low(),
                  runs.high(),
                  runs.count(),
                  subject.device(),
                  Machine.commit(),
                  LocalDate.now().toString(),
                  options.command));
        });
  }

  /** Returns the tokens of a prompt. */
  static int[] prompt(BenchInputs inputs, int length, int vocabulary) {
    Random random = new Random(1);
    int repeats = inputs == BenchInputs.RANDOM ? 1 : REPEATS;
    int[] tokens = new int[length];
    for (int i = 0; i < length; i++) {
      tokens[i] = i % repeats == 0 ? random.nextInt(vocabulary) : tokens[i - 1];
    }
    return tokens;
  }

  private static double read(
      BenchModel subject, KvStore kv, AttentionMethod method, int[] tokens, int chunk) {
    Sequence sequence = new Sequence(method, tokens.length);
    for (int page = 0; page < kv.pages(); page++) {
      sequence.addPage(page);
    }
    Pending last = null;
    long start = System.nanoTime();
    for (int at = 0; at < tokens.length; at += chunk) {
      int n = Math.min(chunk, tokens.length - at);
      List<Pick> picks =
          at + n == tokens.length
              ? List.of(new Pick.Draw(n - 1, Filters.GREEDY, null, 0))
              : List.of();
      Step step =
          new Step(
              Arrays.copyOfRange(tokens, at, at + n),
              List.of(new Step.Segment(sequence, 0, n, at)),
              picks);
      last = subject.model().launch(step, kv);
    }
    last.collect();
    return (System.nanoTime() - start) * 1e-9;
  }
}
