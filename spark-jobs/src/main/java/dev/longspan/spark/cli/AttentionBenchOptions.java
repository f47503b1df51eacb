package dev.longspan.spark.cli;

import dev.longspan.kernels.bench.HeadLayout;
import dev.longspan.kernels.model.SparseConfig;
import dev.longspan.spark.UsageException;
import java.util.List;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What the benches of attention kernels have in common. */
final class AttentionBenchOptions {
  @Mixin KernelBenchOptions kernels;

  @Option(
      names = "--heads",
      paramLabel = "LAYOUT",
      description =
          "Instead of a shape or a model: query heads / KV heads x elements, such as 32/2x128, with"
              + " the sparse settings of MiniCPM4.")
  String heads;

  @Option(
      names = "--inputs",
      paramLabel = "NAME",
      split = ",",
      description =
          "random (adjacent tokens look for different blocks, as in no text: the worst case) and"
              + " clustered (they look for the same). Default: both; crossover: clustered.")
  List<String> inputs;

  HeadLayout heads() {
    if (heads == null) {
      return HeadLayout.of(kernels.config());
    }
    if (kernels.given()) {
      throw new UsageException(
          "--heads, --shape and --model exclude each other; give one of them.");
    }
    return HeadLayout.parse(heads);
  }

  SparseConfig sparse() {
    return heads == null ? kernels.config().sparseOrDefault() : SparseConfig.MINICPM4;
  }
}
