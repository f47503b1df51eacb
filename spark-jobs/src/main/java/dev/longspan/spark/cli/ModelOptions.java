package dev.longspan.spark.cli;

import dev.longspan.kernels.attention.AttentionMethods;
import dev.longspan.kernels.backend.Backends;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.spark.UsageException;
import dev.longspan.spark.job.EngineSpec;
import dev.longspan.spark.job.MethodSpec;
import dev.longspan.spark.model.LoadedModel;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import picocli.CommandLine.Option;

/** Which model answers, and how. */
final class ModelOptions {
  enum Normaliser {
    COARSE,
    EXACT
  }

  @Option(
      names = "--attention",
      paramLabel = "NAME",
      split = ",",
      defaultValue = "dense,infllm-v2",
      description = "Attention methods, the baseline first: dense, infllm-v2. Default: both.")
  List<String> attention;

  @Option(
      names = "--backend",
      paramLabel = "NAME",
      defaultValue = "auto",
      description =
          "auto (the best that works here), cuda (an NVIDIA GPU), vector (Vector API, all cores) or"
              + " scalar (plain loops, slow: the oracle).")
  String backend;

  @Option(
      names = "--gpu",
      paramLabel = "ID",
      description =
          "cuda: ordinal, UUID or PCI bus id of the GPU. Default: the one that Spark assigned, or"
              + " the first.")
  String gpu;

  @Option(
      names = "--gpu-memory-fraction",
      paramLabel = "X",
      description =
          "cuda: share of the GPU's free memory for weights and KV cache, above 0 and at most 1."
              + " Default: 0.9.")
  Double gpuMemoryFraction;

  @Option(
      names = "--lse",
      paramLabel = "coarse|exact",
      description =
          "infllm-v2: normaliser of the block scores. Default: the model's sparse_config.")
  Normaliser lse;

  @Option(
      names = "--dense-len",
      paramLabel = "N",
      description =
          "infllm-v2: sequences shorter than this many tokens are dense. Default: the model's.")
  Integer denseLength;

  @Option(
      names = "--round-scores",
      arity = "0..1",
      fallbackValue = "true",
      paramLabel = "true|false",
      description =
          "infllm-v2: round block scores to bfloat16 as the released code does. Default: the"
              + " model's.")
  Boolean roundScores;

  @Option(
      names = "--chunk-tokens",
      paramLabel = "N",
      description = "Most prompt tokens in one step of the engine.")
  Integer chunkTokens;

  @Option(
      names = "--max-sequences",
      paramLabel = "N",
      description = "Most requests that run in the engine at the same time.")
  Integer maxSequences;

  /** Refuses what is wrong whatever the model. */
  void check() {
    if (attention.isEmpty()) {
      throw new UsageException("--attention is empty; known are " + known() + ".");
    }
    if (new HashSet<>(attention).size() < attention.size()) {
      throw new UsageException("--attention names a method twice: " + String.join(",", attention));
    }
    for (String name : attention) {
      if (!AttentionMethods.NAMES.contains(name)) {
        throw new UsageException(
            "--attention '" + name + "' is unknown; known are " + known() + ".");
      }
    }
    if (!Backends.NAMES.contains(backend)) {
      throw new UsageException(
          "--backend '"
              + backend
              + "' is unknown; known are "
              + String.join(", ", Backends.NAMES)
              + ".");
    }
    if (gpuMemoryFraction != null && !(gpuMemoryFraction > 0 && gpuMemoryFraction <= 1)) {
      throw new UsageException(
          "--gpu-memory-fraction is " + gpuMemoryFraction + "; use above 0 and at most 1.");
    }
    Checks.atLeast("--dense-len", denseLength, 0);
    Checks.atLeast("--chunk-tokens", chunkTokens, 1);
    Checks.atLeast("--max-sequences", maxSequences, 1);
  }

  private static String known() {
    return String.join(", ", AttentionMethods.NAMES);
  }

  List<MethodSpec> methods(ModelConfig config) {
    List<MethodSpec> methods = new ArrayList<>();
    Boolean exact = lse == null ? null : lse == Normaliser.EXACT;
    for (String name : attention) {
      MethodSpec method = new MethodSpec(name, exact, denseLength, roundScores);
      try {
        method.method(config);
      } catch (IllegalArgumentException e) {
        throw new UsageException("--attention " + name + ": " + e.getMessage(), e);
      }
      methods.add(method);
    }
    return methods;
  }

  EngineSpec engine(LoadedModel model) {
    return new EngineSpec(
        model.location(),
        model.digest(),
        backend,
        chunkTokens,
        maxSequences,
        gpu,
        gpuMemoryFraction);
  }
}
