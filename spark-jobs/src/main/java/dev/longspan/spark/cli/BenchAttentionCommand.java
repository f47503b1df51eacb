package dev.longspan.spark.cli;

import dev.longspan.kernels.bench.AttentionBench;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Measures the attention kernels of the GPU. */
@Command(
    name = "attention",
    sortOptions = false,
    abbreviateSynopsis = true,
    header = "Measures the attention kernels of the GPU: one layer, dense and infllm-v2 in turn.",
    description = {
      "",
      "Prefill is in milliseconds and stage by stage, decode in microseconds inside a CUDA graph. Both count the choice of blocks; prefill of infllm-v2 counts the compressed keys too."
    },
    footer = {
      "",
      "Examples:",
      "  longspan bench attention",
      "  longspan bench attention --phases prefill --lengths 32768,131072 --inputs clustered",
      "  longspan bench attention --heads 16/2x64 --phases decode --batches 1 --lengths 65536"
    })
final class BenchAttentionCommand implements Callable<Integer> {
  @Option(
      names = "--phases",
      paramLabel = "NAME",
      split = ",",
      defaultValue = "prefill,decode",
      description = "prefill, decode. Default: both.")
  List<String> phases;

  @Option(
      names = "--lengths",
      paramLabel = "N",
      split = ",",
      description =
          "Tokens of the prompts and in the caches. Default: 8192 to 131072 for prefill;"
              + " 16384,131072,524288 for decode, as far as the memory goes.")
  List<Integer> lengths;

  @Option(
      names = "--batches",
      paramLabel = "N",
      split = ",",
      defaultValue = "1,8,32",
      description = "decode: sequences that decode at the same time. Default: 1,8,32.")
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
            AttentionBench.run(
                new AttentionBench.Options(
                    phases,
                    attention.heads(),
                    attention.sparse(),
                    lengths,
                    batches,
                    attention.inputs == null ? List.of("random", "clustered") : attention.inputs,
                    attention.kernels.runs,
                    attention.kernels.warmups,
                    attention.kernels.gpu,
                    command),
                sink));
  }
}
