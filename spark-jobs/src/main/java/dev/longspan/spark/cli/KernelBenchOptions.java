package dev.longspan.spark.cli;

import dev.longspan.kernels.bench.HeadLayout;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.ModelConfigReader;
import dev.longspan.kernels.model.SparseConfig;
import dev.longspan.spark.UsageException;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Option;

/** What the benches of attention kernels have in common. */
final class KernelBenchOptions {
  @Option(
      names = "--heads",
      paramLabel = "LAYOUT",
      description =
          "Query heads / KV heads x elements, with the sparse settings of MiniCPM4. Default:"
              + " 32/2x128, as MiniCPM4.1-8B.")
  String heads;

  @Option(
      names = "--model",
      paramLabel = "DIR",
      description = "Take head layout and sparse settings from this folder's config.json.")
  Path model;

  @Option(
      names = "--inputs",
      paramLabel = "NAME",
      split = ",",
      defaultValue = "random,clustered",
      description =
          "random (adjacent tokens look for different blocks: the worst case) and clustered (they"
              + " look for the same). Default: both.")
  List<String> inputs;

  @Option(
      names = "--gpu",
      paramLabel = "ID",
      defaultValue = "0",
      description = "Ordinal, UUID or PCI bus id of the GPU. Default: the first.")
  String gpu;

  @Option(names = "--runs", paramLabel = "N", defaultValue = "5", description = "Default: 5.")
  int runs;

  @Option(
      names = "--warmups",
      paramLabel = "N",
      defaultValue = "2",
      description = "Runs of each case before those that count. Default: 2.")
  int warmups;

  private ModelConfig config() {
    if (heads != null) {
      throw new UsageException("--heads and --model exclude each other; give one of them.");
    }
    return ModelConfigReader.read(model);
  }

  HeadLayout heads() {
    if (model != null) {
      return HeadLayout.of(config());
    }
    return heads == null ? HeadLayout.MINICPM41_8B : HeadLayout.parse(heads);
  }

  SparseConfig sparse() {
    return model == null ? SparseConfig.MINICPM4 : config().sparseOrDefault();
  }
}
