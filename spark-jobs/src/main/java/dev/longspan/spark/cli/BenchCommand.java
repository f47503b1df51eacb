package dev.longspan.spark.cli;

import dev.longspan.kernels.bench.BenchModel;
import dev.longspan.kernels.bench.BenchRecord;
import dev.longspan.kernels.bench.DecodeBench;
import dev.longspan.kernels.bench.EngineBench;
import dev.longspan.kernels.bench.LoadBench;
import dev.longspan.kernels.bench.PrefillBench;
import dev.longspan.spark.UsageException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Measures the speed of a model on this machine, without Spark. */
@Command(
    name = "bench",
    sortOptions = false,
    abbreviateSynopsis = true,
    header =
        "Measures a model (prefill, decode, engine, load) or GPU kernels (the commands below).",
    description = {
      "",
      "Prints a JSON line for each case. The attention methods of a run take turns, so that their ratio holds on a machine whose speed drifts."
    },
    subcommands = {
      BenchAttentionCommand.class,
      BenchGemmCommand.class,
      BenchCrossoverCommand.class,
      BenchTableCommand.class
    },
    footer = {
      "",
      "Examples:",
      "  longspan bench prefill --lengths 4096,16384",
      "  longspan bench decode --depths 0,4096 --batches 1,8 --record decode.jsonl",
      "  longspan bench prefill --shape minicpm4-0.5b --random-weights --lengths 2048",
      "  longspan bench engine --backend cuda --requests 32 --input-tokens 4096 --output-tokens 256"
    })
final class BenchCommand implements Callable<Integer> {
  /** What can be measured. */
  enum Bench {
    prefill,
    decode,
    engine,
    load
  }

  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "BENCH",
      description = "${COMPLETION-CANDIDATES}, or a command below with options of its own.")
  Bench bench;

  @Option(
      names = "--model",
      paramLabel = "DIR",
      description = "Model folder. Default: datasets/models/pocket of the installation.")
  Path model;

  @Option(
      names = "--shape",
      paramLabel = "SHAPE",
      description = "With --random-weights: a known shape, such as minicpm4.1-8b or pocket.")
  String shape;

  @Option(
      names = "--random-weights",
      arity = "0..1",
      fallbackValue = "",
      paramLabel = "SHAPE",
      description = "Measure random weights of a known shape instead of a model.")
  String random;

  @Option(
      names = "--attention",
      paramLabel = "NAME",
      split = ",",
      defaultValue = "dense,infllm-v2",
      description = "Attention methods. Default: dense,infllm-v2.")
  List<String> methods;

  @Option(
      names = "--dense-len",
      paramLabel = "N",
      description =
          "infllm-v2: sequences shorter than this many tokens are dense. Default: the model's.")
  Integer denseLength;

  @Option(
      names = "--backend",
      paramLabel = "NAME",
      defaultValue = "auto",
      description = "auto (default), scalar, vector or cuda.")
  String backend;

  @Option(
      names = "--lengths",
      paramLabel = "N",
      split = ",",
      defaultValue = "4096,16384",
      description = "prefill: prompt lengths in tokens. Default: 4096,16384.")
  List<Integer> lengths;

  @Option(
      names = "--inputs",
      paramLabel = "KIND",
      split = ",",
      defaultValue = "random",
      description =
          "prefill: random prompts, where adjacent tokens select different blocks, or clustered ones,"
              + " where they agree on most. Default: random.")
  List<String> inputs;

  @Option(
      names = "--chunk-tokens",
      paramLabel = "N",
      description =
          "prefill, engine: most prompt tokens in one step. Default: what suits the backend.")
  Integer chunk;

  @Option(
      names = "--depths",
      paramLabel = "N",
      split = ",",
      defaultValue = "0,4096",
      description = "decode: tokens in the cache at the start. Default: 0,4096.")
  List<Integer> depths;

  @Option(
      names = "--batches",
      paramLabel = "N",
      split = ",",
      defaultValue = "1",
      description = "decode: sequences that decode at the same time. Default: 1.")
  List<Integer> batches;

  @Option(
      names = "--tokens",
      paramLabel = "N",
      defaultValue = "256",
      description = "decode: tokens of each sequence and run. Default: 256.")
  int tokens;

  @Option(
      names = "--requests",
      paramLabel = "N",
      defaultValue = "32",
      description = "engine: requests of a run, handed in at once. Default: 32.")
  int requests;

  @Option(
      names = "--input-tokens",
      paramLabel = "N",
      defaultValue = "4096",
      description = "engine: tokens of each prompt. Default: 4096.")
  int inputTokens;

  @Option(
      names = "--output-tokens",
      paramLabel = "N",
      defaultValue = "256",
      description = "engine: tokens of each answer. Default: 256.")
  int outputTokens;

  @Option(
      names = "--max-sequences",
      paramLabel = "N",
      description = "engine: requests that run at the same time. Default: all.")
  Integer maxSequences;

  @Option(names = "--runs", paramLabel = "N", defaultValue = "5", description = "Default: 5.")
  int runs;

  @Option(
      names = "--warmups",
      paramLabel = "N",
      defaultValue = "2",
      description = "Runs of each case before those that count. Default: 2.")
  int warmups;

  @Mixin BenchOutput output;
  @Mixin CommonOptions common;
  @Spec CommandSpec spec;

  @Override
  public Integer call() {
    if (bench == null) {
      throw new UsageException(
          "Say what to measure: prefill, decode, engine, load, "
              + String.join(", ", spec.subcommands().keySet())
              + ".");
    }
    return output.measure(spec, bench == Bench.load ? this::measureLoad : this::measure);
  }

  private void measureLoad(String command, Consumer<BenchRecord> sink) {
    if (random != null || shape != null) {
      throw new UsageException("bench load reads a model from its folder: give --model DIR.");
    }
    LoadBench.run(new LoadBench.Options(folder(), backend, runs, warmups, command), sink);
  }

  private void measure(String command, Consumer<BenchRecord> sink) {
    try (BenchModel subject = open()) {
      subject.setDenseLength(denseLength);
      switch (bench) {
        case prefill ->
            PrefillBench.run(
                subject,
                new PrefillBench.Options(lengths, methods, runs, warmups, inputs, chunk, command),
                sink);
        case decode ->
            DecodeBench.run(
                subject,
                new DecodeBench.Options(depths, batches, methods, tokens, runs, warmups, command),
                sink);
        default ->
            EngineBench.run(
                subject,
                new EngineBench.Options(
                    requests,
                    inputTokens,
                    outputTokens,
                    methods,
                    runs,
                    warmups,
                    chunk,
                    maxSequences,
                    command),
                sink);
      }
    }
  }

  private BenchModel open() {
    if (random == null && shape != null) {
      throw new UsageException("--shape is of random weights: add --random-weights.");
    }
    if (random != null && model != null) {
      throw new UsageException(
          "--model and --random-weights exclude each other; give one of them.");
    }
    if (random != null) {
      String name = random.isEmpty() ? shape : random;
      if (name == null || shape != null && !shape.equals(name)) {
        throw new UsageException(
            "--random-weights needs one shape: add --shape NAME, one of "
                + String.join(", ", BenchModel.shapes())
                + ".");
      }
      return BenchModel.random(name, backend);
    }
    return BenchModel.open(folder(), backend);
  }

  private Path folder() {
    return model != null ? model : DemoCommand.pocket();
  }
}
