package dev.longspan.spark.cli;

import dev.longspan.kernels.bench.CrossoverBench;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Finds the length from which on infllm-v2 pays on a GPU. */
@Command(
    name = "crossover",
    sortOptions = false,
    abbreviateSynopsis = true,
    header = "Finds the length from which on infllm-v2 is faster than dense attention on the GPU.",
    description = {
      "",
      "Searches for it in prefill and in decode, one layer with all stages. The last line is the greatest of the lengths found: the dense_len to set, in sparse_config or by --dense-len."
    },
    footer = {
      "",
      "Examples:",
      "  longspan bench crossover",
      "  longspan bench crossover --model DIR --batches 1,32 --longest 65536",
      "  longspan bench crossover --inputs random"
    })
final class BenchCrossoverCommand implements Callable<Integer> {
  @Option(
      names = "--longest",
      paramLabel = "N",
      defaultValue = "131072",
      description = "Where the search ends, in tokens. Default: 131072.")
  int longest;

  @Option(
      names = "--batches",
      paramLabel = "N",
      split = ",",
      defaultValue = "1,8",
      description = "decode: sequences that decode at the same time. Default: 1,8.")
  List<Integer> batches;

  @Mixin AttentionBenchOptions attention;
  @Mixin BenchOutput output;
  @Mixin CommonOptions common;
  @Spec CommandSpec spec;

  @Override
  public Integer call() {
    return output.measure(
        spec,
        (command, sink) ->
            CrossoverBench.run(
                new CrossoverBench.Options(
                    attention.heads(),
                    attention.sparse(),
                    longest,
                    batches,
                    attention.inputs == null ? List.of("clustered") : attention.inputs,
                    attention.kernels.runs,
                    attention.kernels.warmups,
                    attention.kernels.gpu,
                    command),
                sink));
  }
}
