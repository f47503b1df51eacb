package dev.longspan.kernels.bench;

import dev.longspan.kernels.attention.AttentionMethod;
import dev.longspan.kernels.backend.KvStore;
import dev.longspan.kernels.model.Model;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.Pending;
import dev.longspan.kernels.model.Pick;
import dev.longspan.kernels.model.Sequence;
import dev.longspan.kernels.model.Step;
import dev.longspan.kernels.sampling.Filters;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;

/** Measures how fast answers are written: tokens per second of greedy decoding. */
public final class DecodeBench {
  private DecodeBench() {}

  /**
   * What to measure.
   *
   * @param depths tokens in the cache before the first measured one
   * @param batches numbers of sequences that decode at the same time
   * @param methods attention methods by name; they take turns within each depth and batch
   * @param tokens measured tokens of each sequence and run; one more is written before
   * @param runs measured runs of each case
   * @param warmups runs of each case before, not counted
   * @param command the command line that repeats the measurement, for the records
   */
  public record Options(
      List<Integer> depths,
      List<Integer> batches,
      List<String> methods,
      int tokens,
      int runs,
      int warmups,
      String command) {

    /** Checks the numbers; a message names the option, its value and what it must be. */
    public Options {
      depths.forEach(n -> Checks.atLeast("depth", n, 0));
      batches.forEach(n -> Checks.atLeast("batch", n, 1));
      Checks.atLeast("tokens", tokens, 1);
      Checks.atLeast("runs", runs, 1);
      Checks.atLeast("warmups", warmups, 0);
      depths = List.copyOf(depths);
      batches = List.copyOf(batches);
      methods = List.copyOf(methods);
    }
  }

  /**
   * Measures every depth and batch with every method. {@code ours} counts the tokens of all
   * sequences.
   *
   * @param sink gets a record per case, as soon as all methods of a depth and batch are done
   * @throws IllegalArgumentException if depth and tokens are beyond the model's context or a method
   *     is unknown
   */
  public static void run(BenchModel subject, Options options, Consumer<BenchRecord> sink) {
    ModelConfig config = subject.config();
    Map<String, AttentionMethod> methods = new LinkedHashMap<>();
    for (String name : options.methods) {
      methods.put(name, subject.method(name));
    }
    options.depths.forEach(depth -> Checks.fits(config, depth + 1 + options.tokens));
    String commit = Machine.commit();
    for (int depth : options.depths) {
      for (int batch : options.batches) {
        Map<String, Runs> results = measure(subject, options, methods, depth, batch);
        results.forEach(
            (method, runs) ->
                sink.accept(
                    new BenchRecord(
                        "decode",
                        String.format(
                            "%s %s depth %d batch %d", subject.name(), method, depth, batch),
                        runs.median(),
                        "tokens/s",
                        Checks.peers(results, method),
                        String.format("%.2f ms/step", 1e3 * batch / runs.median()),
                        runs.low(),
                        runs.high(),
                        runs.count(),
                        subject.device(),
                        commit,
                        LocalDate.now().toString(),
                        options.command)));
      }
    }
  }

  private static Map<String, Runs> measure(
      BenchModel subject,
      Options options,
      Map<String, AttentionMethod> methods,
      int depth,
      int batch) {
    int pages = (depth + 1 + options.tokens + KvStore.PAGE - 1) / KvStore.PAGE;
    Map<String, Runs> results = new LinkedHashMap<>();
    try (KvStore kv = subject.model().kvStore(Math.multiplyExact(pages, batch))) {
      // All methods continue the same prompts: with one of its own for each, a big cache would not
      // fit. The last method reads them, since the sparse one is the faster reader.
      AttentionMethod reader = null;
      for (AttentionMethod method : methods.values()) {
        reader = method;
      }
      List<Sequence> prompts = read(subject, kv, reader, depth, batch, pages);
      for (int i = -options.warmups; i < options.runs; i++) {
        for (Map.Entry<String, AttentionMethod> method : methods.entrySet()) {
          double seconds =
              write(subject.model(), kv, prompts, method.getValue(), depth, options.tokens);
          if (i >= 0) {
            results
                .computeIfAbsent(method.getKey(), k -> new Runs())
                .add(batch * options.tokens / seconds);
          }
        }
      }
    }
    return results;
  }

  /** Fills the cache with {@code batch} random prompts. */
  private static List<Sequence> read(
      BenchModel subject, KvStore kv, AttentionMethod method, int depth, int batch, int pages) {
    List<Sequence> sequences = new ArrayList<>();
    for (int b = 0; b < batch; b++) {
      Sequence sequence = new Sequence(method, depth);
      for (int page = 0; page < pages; page++) {
        sequence.addPage(b * pages + page);
      }
      int[] tokens = new Random(b).ints(depth, 0, subject.config().vocabSize()).toArray();
      int rows = subject.promptRows();
      for (int at = 0; at < depth; at += rows) {
        int n = Math.min(rows, depth - at);
        int[] chunk = Arrays.copyOfRange(tokens, at, at + n);
        Step step = new Step(chunk, List.of(new Step.Segment(sequence, 0, n, at)), List.of());
        subject.model().forward(step, kv);
      }
      sequences.add(sequence);
    }
    return sequences;
  }

  /** Decodes from the end of the prompts, which stay in the cache for the next run. */
  private static double write(
      Model model,
      KvStore kv,
      List<Sequence> prompts,
      AttentionMethod method,
      int depth,
      int tokens) {
    List<Sequence> sequences = new ArrayList<>();
    for (Sequence prompt : prompts) {
      Sequence sequence = new Sequence(method, depth);
      for (int i = 0; i < prompt.pageCount(); i++) {
        sequence.addPage(prompt.page(i));
      }
      sequence.advance(depth);
      sequences.add(sequence);
    }
    int batch = sequences.size();
    int[] next = new int[batch];
    List<Pick> picks = new ArrayList<>();
    for (int b = 0; b < batch; b++) {
      next[b] = (b + 1) % model.config().vocabSize();
      picks.add(new Pick.Draw(b, Filters.GREEDY, null, 0));
    }
    int[] drawn = new int[batch];
    Arrays.fill(drawn, Step.DRAWN);
    boolean ahead = model.backend().driving().ahead();
    Pending before = null;
    long start = 0;
    for (int i = 0; i <= tokens; i++) {
      List<Step.Segment> segments = new ArrayList<>();
      for (int b = 0; b < batch; b++) {
        segments.add(new Step.Segment(sequences.get(b), b, 1, depth + i));
      }
      Pending now = model.launch(new Step(next, segments, picks), kv);
      if (i == 0) {
        next = now.collect().tokens();
        // Not before: the first step brings the compressed keys of the prompt together.
        start = System.nanoTime();
      } else if (ahead) {
        if (before != null) {
          before.collect();
        }
        before = now;
        next = drawn;
      } else {
        next = now.collect().tokens();
      }
    }
    if (before != null) {
      before.collect();
    }
    return (System.nanoTime() - start) * 1e-9;
  }
}
