package dev.longspan.spark.cli;

import dev.longspan.kernels.bench.GemmBench;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Measures the matrix products of the GPU. */
@Command(
    name = "gemm",
    sortOptions = false,
    abbreviateSynopsis = true,
    header = "Measures the matrix products of the GPU: each of a model's, with what becomes of it.",
    description = {
      "",
      "In microseconds, inside a CUDA graph. Up to 64 rows are measured as rows of answers, more as rows of prompts."
    },
    footer = {
      "",
      "Examples:",
      "  longspan bench gemm",
      "  longspan bench gemm --shape llama-3-8b --rows 1,4096"
    })
final class BenchGemmCommand implements Callable<Integer> {
  @Option(
      names = "--rows",
      paramLabel = "N",
      split = ",",
      defaultValue = "1,8,32,64,4096,32768",
      description = "Rows of the product. Default: 1,8,32,64,4096,32768.")
  List<Integer> rows;

  @Mixin KernelBenchOptions kernels;
  @Mixin BenchOutput output;
  @Mixin CommonOptions common;
  @Spec CommandSpec spec;

  @Override
  public Integer call() {
    return output.measure(
        spec,
        (command, sink) ->
            GemmBench.run(
                new GemmBench.Options(
                    kernels.config(), rows, kernels.runs, kernels.warmups, kernels.gpu, command),
                sink));
  }
}
