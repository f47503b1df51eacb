package dev.longspan.spark.cli;

import dev.longspan.datasets.Sample;
import dev.longspan.datasets.SampleFiles;
import dev.longspan.datasets.TokenCounter;
import dev.longspan.kernels.tokenizer.Tokenizer;
import dev.longspan.spark.UsageException;
import dev.longspan.spark.job.Prompts;
import dev.longspan.spark.job.SuiteSpec;
import dev.longspan.spark.model.ModelCache;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Writes the samples of a suite without running a model. */
@Command(
    name = "prepare",
    sortOptions = false,
    abbreviateSynopsis = true,
    header = "Writes the samples of a suite as JSON Lines.",
    description = {
      "",
      "Needs the tokenizer of a model, since the length of a sample is counted in its tokens, but no weights."
    },
    footer = {
      "",
      "Example:",
      "  longspan prepare --suite ruler --tasks niah_single_1 --lengths 4096 --samples 20 \\",
      "      --model datasets/models/pocket --out samples.jsonl"
    })
final class PrepareCommand implements Callable<Integer> {
  @Option(
      names = "--model",
      paramLabel = "DIR_OR_URI",
      required = true,
      description = "Folder with tokenizer.json and tokenizer_config.json.")
  String model;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      required = true,
      description = "File to write; one that exists is replaced.")
  Path out;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "42",
      description = "Seed of the samples. Default: 42.")
  long seed;

  @Mixin SuiteOptions suite;
  @Mixin TemplateOptions template;
  @Mixin SparkOptions spark;
  @Mixin CommonOptions common;
  @Spec CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    SuiteSpec samples = suite.spec(seed);
    if (Files.isDirectory(out)) {
      throw new UsageException("--out " + out + " is a folder; name a file.");
    }
    try (Session session = new Session(spark, common)) {
      Path folder = ModelCache.ofUser(session.hadoop()).localise(model);
      try (Tokenizer tokenizer = Tokenizer.load(folder)) {
        TokenCounter counter =
            (messages, prefix) -> Prompts.tokens(tokenizer, messages, prefix, !template.raw).length;
        List<Sample> made = samples.generate(counter);
        write(made);
        spec.commandLine().getOut().printf("%,d samples: %s%n", made.size(), out);
      }
    }
    return 0;
  }

  private void write(List<Sample> samples) {
    try {
      if (out.toAbsolutePath().getParent() != null) {
        Files.createDirectories(out.toAbsolutePath().getParent());
      }
    } catch (IOException e) {
      throw new UsageException("Can't write to " + out + ": " + e.getMessage(), e);
    }
    SampleFiles.write(out, samples);
  }
}
