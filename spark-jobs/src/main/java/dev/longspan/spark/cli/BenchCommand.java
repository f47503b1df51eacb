package dev.longspan.spark.cli;

import dev.longspan.kernels.bench.BenchModel;
import dev.longspan.kernels.bench.BenchRecord;
import dev.longspan.kernels.bench.DecodeBench;
import dev.longspan.kernels.bench.PrefillBench;
import dev.longspan.spark.UsageException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
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
    header = "Measures prefill or decode speed on this machine.",
    description = {
      "",
      "Prints a JSON line for each case. The attention methods of a run take turns, so that their ratio holds on a machine whose speed drifts."
    },
    footer = {
      "",
      "Examples:",
      "  longspan bench prefill --lengths 4096,16384",
      "  longspan bench decode --depths 0,4096 --batches 1,8 --record decode.jsonl",
      "  longspan bench prefill --random-weights minicpm4-0.5b --lengths 2048"
    })
final class BenchCommand implements Callable<Integer> {
  /** What can be measured. */
  enum Bench {
    prefill,
    decode
  }

  @Parameters(index = "0", paramLabel = "BENCH", description = "${COMPLETION-CANDIDATES}")
  Bench bench;

  @Option(
      names = "--model",
      paramLabel = "DIR",
      description = "Model folder. Default: datasets/models/pocket of the installation.")
  Path model;

  @Option(
      names = "--random-weights",
      paramLabel = "SHAPE",
      description = "Measure random weights of a known shape instead of a model.")
  String shape;

  @Option(
      names = "--attention",
      paramLabel = "NAME",
      split = ",",
      defaultValue = "dense,infllm-v2",
      description = "Attention methods. Default: dense,infllm-v2.")
  List<String> methods;

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
      names = "--chunk-tokens",
      paramLabel = "N",
      defaultValue = "512",
      description = "prefill: most tokens in one step. Default: 512, as the engine's.")
  int chunk;

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

  @Option(names = "--runs", paramLabel = "N", defaultValue = "5", description = "Default: 5.")
  int runs;

  @Option(
      names = "--warmups",
      paramLabel = "N",
      defaultValue = "2",
      description = "Runs of each case before those that count. Default: 2.")
  int warmups;

  @Option(
      names = "--record",
      paramLabel = "FILE",
      description = "Also append the JSON lines to this file.")
  Path record;

  @Mixin CommonOptions common;
  @Spec CommandSpec spec;

  @Override
  public Integer call() {
    String command = "bin/" + String.join(" ", CommandLines.words(spec));
    try (BenchModel subject = open()) {
      if (bench == Bench.prefill) {
        PrefillBench.run(
            subject,
            new PrefillBench.Options(lengths, methods, runs, warmups, chunk, command),
            sink());
      } else {
        DecodeBench.run(
            subject,
            new DecodeBench.Options(depths, batches, methods, tokens, runs, warmups, command),
            sink());
      }
    } catch (IllegalArgumentException e) {
      throw new UsageException(e.getMessage());
    }
    return 0;
  }

  private BenchModel open() {
    if (shape != null && model != null) {
      throw new UsageException(
          "--model and --random-weights exclude each other; give one of them.");
    }
    if (shape != null) {
      return BenchModel.random(shape, backend);
    }
    return BenchModel.open(model != null ? model : DemoCommand.pocket(), backend);
  }

  private Consumer<BenchRecord> sink() {
    PrintWriter out = spec.commandLine().getOut();
    return line -> {
      out.println(line.toJson());
      out.flush();
      if (record != null) {
        try {
          Files.writeString(
              record,
              line.toJson() + "\n",
              StandardCharsets.UTF_8,
              StandardOpenOption.CREATE,
              StandardOpenOption.APPEND);
        } catch (IOException e) {
          throw new UncheckedIOException("cannot append to " + record, e);
        }
      }
    };
  }
}
