package dev.longspan.kernels.bench;

import dev.longspan.kernels.backend.cuda.BenchDecode;
import dev.longspan.kernels.backend.cuda.BenchInputs;
import dev.longspan.kernels.backend.cuda.BenchPrefill;
import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.SparseConfig;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.IntFunction;

/**
 * Finds the length from which on infllm-v2 is faster than dense attention on a GPU: the {@code
 * dense_len} to set.
 *
 * <p>One layer is measured with all its stages, also the compressed keys, at lengths that a
 * bisection chooses: prompts, and the next tokens of some batches. It takes for granted that what
 * is faster at some length is faster at greater ones.
 */
public final class CrossoverBench {
  /** Lengths are multiples of this, in tokens. */
  private static final int STEP = 1024;

  private CrossoverBench() {}

  /**
   * What to measure.
   *
   * @param heads head layout
   * @param sparse settings of infllm-v2; its {@code denseLength} does not matter
   * @param longest where the search ends, in tokens
   * @param batches decode: sequences at the same time
   * @param inputs names of {@link BenchInputs}
   * @param runs measured runs of each length and method
   * @param warmups runs before, not counted
   * @param device ordinal, UUID or PCI bus id of the GPU
   * @param command the command line that repeats the measurement, for the records
   */
  public record Options(
      HeadLayout heads,
      SparseConfig sparse,
      int longest,
      List<Integer> batches,
      List<String> inputs,
      int runs,
      int warmups,
      String device,
      String command) {

    /** Checks what was given; a message names the option, its value and what it must be. */
    public Options {
      Checks.atLeast("longest", longest, STEP);
      batches.forEach(n -> Checks.between("batch", n, 1, 64));
      inputs.forEach(BenchInputs::parse);
      Checks.atLeast("runs", runs, 1);
      Checks.atLeast("warmups", warmups, 0);
    }
  }

  /** Median times of both methods at a length, in microseconds. */
  record Times(double dense, double sparse) {
    boolean sparseWins() {
      return sparse < dense;
    }
  }

  /** The first length at which infllm-v2 wins, and the times there. */
  record Crossing(int tokens, Times times) {}

  /**
   * Measures prefill and decode with every batch and kind of inputs.
   *
   * @param sink gets a record for each of them, in tokens, and one more: the greatest, which is the
   *     {@code dense_len} to set
   * @throws IllegalArgumentException if there is no GPU to measure; the message says why
   */
  public static void run(Options options, Consumer<BenchRecord> sink) {
    ModelConfig layer = options.heads.layer(options.sparse.withDenseLength(0));
    try (Device device = Gpus.open("crossover", options.device)) {
      int greatest = 0;
      for (String kind : options.inputs) {
        BenchInputs inputs = BenchInputs.parse(kind);
        Crossing prefill = search(options, n -> prefill(device, layer, options, n, inputs));
        greatest = Math.max(greatest, report(device, options, "prefill", kind, prefill, sink));
        for (int batch : options.batches) {
          Crossing decode = search(options, n -> decode(device, layer, options, batch, n, inputs));
          String name = "decode batch " + batch;
          greatest = Math.max(greatest, report(device, options, name, kind, decode, sink));
        }
      }
      String advice =
          greatest > options.longest
              ? "use --attention dense up to " + options.longest
              : "set --dense-len " + greatest;
      Runs result = new Runs();
      result.add(greatest);
      sink.accept(record(device, options, "dense_len", result, advice, Map.of()));
    }
  }

  private static Crossing search(Options options, IntFunction<Times> measure) {
    // Up to this length infllm-v2 takes every block.
    int all = options.sparse.selectedBlocks() * options.sparse.blockSize();
    return search(all / STEP * STEP, options.longest, measure);
  }

  /**
   * Finds the first multiple of {@link #STEP} above {@code loses} at which infllm-v2 wins; null if
   * it does not at {@code longest}.
   */
  static Crossing search(int loses, int longest, IntFunction<Times> measure) {
    int low = loses;
    int high = longest / STEP * STEP;
    Times best = high > low ? measure.apply(high) : null;
    if (best == null || !best.sparseWins()) {
      return null;
    }
    while (high - low > STEP) {
      int middle = (low + high) / 2 / STEP * STEP;
      Times times = measure.apply(middle);
      if (times.sparseWins()) {
        high = middle;
        best = times;
      } else {
        low = middle;
      }
    }
    return new Crossing(high, best);
  }

  private static Times prefill(
      Device device, ModelConfig layer, Options options, int tokens, BenchInputs inputs) {
    Runs dense = new Runs();
    Runs sparse = new Runs();
    try (BenchPrefill bench = new BenchPrefill(device, layer, tokens, inputs)) {
      for (int i = -options.warmups; i < options.runs; i++) {
        double without = 1e3 * BenchPrefill.total(bench.run(false));
        double with = 1e3 * BenchPrefill.total(bench.run(true));
        if (i >= 0) {
          dense.add(without);
          sparse.add(with);
        }
      }
    }
    return new Times(dense.median(), sparse.median());
  }

  private static Times decode(
      Device device,
      ModelConfig layer,
      Options options,
      int batch,
      int tokens,
      BenchInputs inputs) {
    Runs dense = new Runs();
    Runs sparse = new Runs();
    try (BenchDecode bench = new BenchDecode(device, layer, batch, tokens, inputs)) {
      for (int i = -options.warmups; i < options.runs; i++) {
        double without = bench.run(false);
        double with = bench.run(true);
        if (i >= 0) {
          dense.add(without);
          sparse.add(with);
        }
      }
    }
    return new Times(dense.median(), sparse.median());
  }

  /** Hands over the record of a search, and returns its length; more than the longest for none. */
  private static int report(
      Device device,
      Options options,
      String what,
      String kind,
      Crossing crossing,
      Consumer<BenchRecord> sink) {
    int tokens = crossing == null ? options.longest + 1 : crossing.tokens;
    String rate =
        crossing == null
            ? "dense is faster up to " + options.longest
            : String.format(
                Locale.ROOT,
                "%.2fx as fast as dense there",
                crossing.times.dense / crossing.times.sparse);
    Map<String, Double> details =
        crossing == null
            ? Map.of()
            : Map.of("dense us", crossing.times.dense, "infllm-v2 us", crossing.times.sparse);
    Runs result = new Runs();
    result.add(tokens);
    sink.accept(record(device, options, what + " " + kind, result, rate, details));
    return tokens;
  }

  private static BenchRecord record(
      Device device,
      Options options,
      String what,
      Runs result,
      String rate,
      Map<String, Double> details) {
    String name =
        String.format("%s %s topk%d", what, options.heads, options.sparse.selectedBlocks());
    return Gpus.record(
        device, "crossover", name, "tokens", result, Map.of(), rate, details, options.command);
  }
}
