package dev.longspan.spark.cli;

import dev.longspan.spark.UsageException;
import dev.longspan.spark.job.SamplingSpec;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** How answers are drawn. */
final class SamplingOptions {
  @Option(
      names = "--temperature",
      paramLabel = "T",
      defaultValue = "0",
      description = "0 for greedy decoding, which is the default.")
  double temperature;

  @Option(
      names = "--top-k",
      paramLabel = "N",
      defaultValue = "0",
      description = "Candidates kept by rank; 0 for all (default).")
  int topK;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      defaultValue = "1",
      description = "Candidates kept by cumulative probability; 1 for all (default).")
  double topP;

  @Option(
      names = "--min-p",
      paramLabel = "P",
      defaultValue = "0",
      description =
          "Candidates kept by probability relative to the best one's; 0 for all (default).")
  double minP;

  @Option(
      names = "--repetition-penalty",
      paramLabel = "X",
      defaultValue = "1",
      description = "Makes tokens less likely that have occurred; 1 for none (default).")
  double repetitionPenalty;

  @Option(
      names = "--stop",
      paramLabel = "TEXT",
      description = "The answer ends before this text; may be repeated.")
  List<String> stop = new ArrayList<>();

  @Option(
      names = "--attempts",
      paramLabel = "N",
      defaultValue = "1",
      description = "Answers to each sample; more than 1 needs a temperature. Default: 1.")
  int attempts;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "42",
      description = "Seed of generated samples and of random draws. Default: 42.")
  long seed;

  SamplingSpec sampling() {
    Checks.atLeast("--temperature", temperature, 0.0);
    Checks.atLeast("--top-k", topK, 0);
    Checks.positive("--top-p", topP, 1);
    Checks.atLeast("--min-p", minP, 0.0);
    if (minP > 1) {
      throw new UsageException("--min-p is " + minP + "; it must be at most 1.");
    }
    Checks.positive("--repetition-penalty", repetitionPenalty, Double.MAX_VALUE);
    Checks.atLeast("--attempts", attempts, 1);
    if (attempts > 1 && temperature == 0) {
      throw new UsageException(
          "--attempts is "
              + attempts
              + " but --temperature is 0: greedy answers are all the same. Set a temperature.");
    }
    if (stop.contains("")) {
      throw new UsageException("--stop is empty; leave it out.");
    }
    return new SamplingSpec(temperature, topK, topP, minP, repetitionPenalty, stop, seed);
  }
}
