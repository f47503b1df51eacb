package dev.longspan.kernels.bench;

import dev.longspan.kernels.attention.AttentionMethod;
import dev.longspan.kernels.attention.DenseAttention;
import dev.longspan.kernels.attention.InfLlmV2;
import dev.longspan.kernels.backend.cuda.BenchDecode;
import dev.longspan.kernels.backend.cuda.BenchInputs;
import dev.longspan.kernels.backend.cuda.BenchPrefill;
import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.SparseConfig;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Measures the attention kernels of the cuda backend alone: one layer, dense and infllm-v2 in turn.
 *
 * <p>Prefill is in milliseconds: {@code ours} is what a library's attention would do too, without
 * rotation and storing, which both methods need. For infllm-v2 it is the compressed keys, the
 * selection and the attention. The stages are among the details, and also {@code union}: the blocks
 * that the tokens of a tile (8 at 16 heads a group) select together, relative to those of one
 * token, which is what their attention has to read. Decode is in microseconds, selection included,
 * inside a graph, over caches that take turns so that none is found in the L2 cache.
 */
public final class AttentionBench {
  private static final Logger LOG = LoggerFactory.getLogger(AttentionBench.class);
  private static final String DENSE = "dense";
  private static final String INFLLM = "infllm-v2";

  private AttentionBench() {}

  /** What an attention benchmark can measure. */
  public static final List<String> PHASES = List.of("prefill", "decode");

  /**
   * What to measure.
   *
   * @param phases some of {@link #PHASES}
   * @param heads head layout
   * @param sparse settings of infllm-v2; its {@code denseLength} does not matter
   * @param lengths of prompts and of caches, in tokens; null for those of the published tables
   * @param batches decode: sequences at the same time
   * @param inputs names of {@link BenchInputs}
   * @param runs measured runs of each case
   * @param warmups runs of each case before, not counted
   * @param device ordinal, UUID or PCI bus id of the GPU
   * @param command the command line that repeats the measurement, for the records
   */
  public record Options(
      List<String> phases,
      HeadLayout heads,
      SparseConfig sparse,
      List<Integer> lengths,
      List<Integer> batches,
      List<String> inputs,
      int runs,
      int warmups,
      String device,
      String command) {

    /** Checks what was given; a message names the option, its value and what it must be. */
    public Options {
      for (String phase : phases) {
        if (!PHASES.contains(phase)) {
          throw new IllegalArgumentException(
              "phase '" + phase + "' is unknown; use some of " + String.join(", ", PHASES));
        }
      }
      if (lengths != null) {
        lengths.forEach(n -> Checks.atLeast("length", n, 1));
      }
      batches.forEach(n -> Checks.between("batch", n, 1, 64));
      inputs.forEach(BenchInputs::parse);
      Checks.atLeast("runs", runs, 1);
      Checks.atLeast("warmups", warmups, 0);
    }

    private ModelConfig layer() {
      return heads.layer(sparse.withDenseLength(0));
    }

    private List<Integer> prefillLengths() {
      return lengths != null ? lengths : List.of(8192, 16384, 32768, 65536, 131072);
    }

    private List<Integer> decodeLengths() {
      return lengths != null ? lengths : List.of(16384, 131072, 524288);
    }
  }

  /**
   * Measures every case.
   *
   * @param sink gets a record per case and method, as soon as both methods are done
   * @throws IllegalArgumentException if there is no GPU to measure; the message says why
   */
  public static void run(Options options, Consumer<BenchRecord> sink) {
    try (Device device = Gpus.open("attention", options.device)) {
      for (String kind : options.inputs) {
        if (options.phases.contains("prefill")) {
          options.prefillLengths().forEach(n -> prefill(device, options, kind, n, sink));
        }
        if (options.phases.contains("decode")) {
          for (int batch : options.batches) {
            options.decodeLengths().forEach(n -> decode(device, options, kind, batch, n, sink));
          }
        }
      }
    }
  }

  private static void prefill(
      Device device, Options options, String kind, int tokens, Consumer<BenchRecord> sink) {
    ModelConfig layer = options.layer();
    Map<String, Stages> results = new LinkedHashMap<>();
    double union;
    try (BenchPrefill bench = new BenchPrefill(device, layer, tokens, BenchInputs.parse(kind))) {
      for (int i = -options.warmups; i < options.runs; i++) {
        for (String method : List.of(DENSE, INFLLM)) {
          Stages stages = results.computeIfAbsent(method, m -> new Stages(m.equals(INFLLM)));
          double[] millis = bench.run(method.equals(INFLLM));
          if (i >= 0) {
            stages.add(millis);
          }
        }
      }
      union = bench.union();
    }
    double dense = results.get(DENSE).all.median();
    double sparse = results.get(INFLLM).all.median();
    results.forEach(
        (method, stages) -> {
          boolean select = method.equals(INFLLM);
          Map<String, Double> details = stages.medians();
          if (select && !Double.isNaN(union)) {
            details.put("union", union);
          }
          AttentionMethod counted = select ? new InfLlmV2(layer.sparse()) : new DenseAttention();
          double flops = Arithmetic.prefill(layer, counted, 0, tokens);
          sink.accept(
              Gpus.record(
                  device,
                  "attention",
                  name(options, "prefill", method, Integer.toString(tokens), kind),
                  "ms",
                  stages.all,
                  select ? Map.of("ours-dense", dense) : Map.of("ours-infllm-v2", sparse),
                  Arithmetic.rate(1e3 * flops / stages.all.median()),
                  details,
                  options.command));
        });
  }

  private static void decode(
      Device device,
      Options options,
      String kind,
      int batch,
      int tokens,
      Consumer<BenchRecord> sink) {
    ModelConfig layer = options.layer();
    String what = batch + " x " + tokens;
    long bytes = BenchDecode.bytes(layer, batch, tokens);
    if (bytes > 0.95 * device.freeMemory()) {
      LOG.warn(
          "left out: decode {} takes {} GB and the GPU has {} GB free",
          what,
          bytes >> 30,
          device.freeMemory() >> 30);
      return;
    }
    Map<String, Runs> results = new LinkedHashMap<>();
    try (BenchDecode bench =
        new BenchDecode(device, layer, batch, tokens, BenchInputs.parse(kind))) {
      for (int i = -options.warmups; i < options.runs; i++) {
        for (String method : List.of(DENSE, INFLLM)) {
          double micros = bench.run(method.equals(INFLLM));
          if (i >= 0) {
            results.computeIfAbsent(method, m -> new Runs()).add(micros);
          }
        }
      }
    }
    results.forEach(
        (method, runs) -> {
          long read = batch * BenchDecode.readBytes(layer, tokens, method.equals(INFLLM));
          sink.accept(
              Gpus.record(
                  device,
                  "attention",
                  name(options, "decode", method, what, kind),
                  "us",
                  runs,
                  Checks.peers(results, method),
                  String.format(Locale.ROOT, "%.0f GB/s", read / runs.median() * 1e-3),
                  Map.of(),
                  options.command));
        });
  }

  private static String name(
      Options options, String phase, String method, String size, String kind) {
    String select = method.equals(INFLLM) ? " topk" + options.sparse.selectedBlocks() : "";
    return String.join(" ", phase, method, size, options.heads + select, kind);
  }

  /** The runs of a prefill case, stage by stage. */
  private static final class Stages {
    private final Runs[] stages = new Runs[BenchPrefill.Stage.values().length];
    private final Runs all = new Runs();
    private final boolean select;

    Stages(boolean select) {
      this.select = select;
      for (int i = 0; i < stages.length; i++) {
        stages[i] = new Runs();
      }
    }

    void add(double[] millis) {
      for (int i = 0; i < stages.length; i++) {
        stages[i].add(millis[i]);
      }
      all.add(BenchPrefill.total(millis));
    }

    Map<String, Double> medians() {
      Map<String, Double> medians = new LinkedHashMap<>();
      for (BenchPrefill.Stage stage : BenchPrefill.Stage.values()) {
        if (select || !stage.selects()) {
          medians.put(stage.toString(), stages[stage.ordinal()].median());
        }
      }
      return medians;
    }
  }
}
