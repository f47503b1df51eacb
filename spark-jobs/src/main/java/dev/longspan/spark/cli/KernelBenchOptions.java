package dev.longspan.spark.cli;

import dev.longspan.kernels.bench.BenchModel;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.ModelConfigReader;
import dev.longspan.spark.UsageException;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** What the benches of GPU kernels have in common. */
final class KernelBenchOptions {
  @Option(
      names = "--shape",
      paramLabel = "SHAPE",
      description = "Sizes of a known shape. Default: minicpm4.1-8b.")
  String shape;

  @Option(
      names = "--model",
      paramLabel = "DIR",
      description = "Sizes and sparse settings of this folder's config.json.")
  Path model;

  @Option(
      names = "--random-weights",
      description = "Says what is so anyway: kernels are measured on random data.")
  boolean random;

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

  /** Returns whether a model or a shape is given. */
  boolean given() {
    return shape != null || model != null;
  }

  ModelConfig config() {
    if (shape != null && model != null) {
      throw new UsageException("--shape and --model exclude each other; give one of them.");
    }
    return model != null
        ? ModelConfigReader.read(model)
        : BenchModel.config(shape == null ? "minicpm4.1-8b" : shape);
  }
}
