package dev.longspan.spark.cli;

import dev.longspan.datasets.Sample;
import dev.longspan.datasets.SampleFiles;
import dev.longspan.spark.UsageException;
import dev.longspan.spark.job.EngineSpec;
import dev.longspan.spark.model.LoadedModel;
import dev.longspan.spark.model.TokenizerSpec;
import dev.longspan.spark.suite.PromptTools;
import dev.longspan.spark.suite.Suites;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Writes the samples of suites without running a model. */
@Command(
    name = "prepare",
    sortOptions = false,
    abbreviateSynopsis = true,
    header = "Writes the samples of suites as JSON Lines.",
    description = {
      "",
      "Needs the tokenizer of a model, which counts and cuts texts, but no weights; only longppl needs a whole model, unless --key-text names key tokens that were found before."
    },
    footer = {
      "",
      "Examples:",
      "  longspan prepare --suite ruler --tasks niah_single_1 --lengths 4096 --samples 20 \\",
      "      --model datasets/models/pocket --out samples.jsonl",
      "  longspan prepare --suite longbench --data LongBench/data --model models/MiniCPM4.1-8B \\",
      "      --templates official.json --out longbench.jsonl"
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

  @Option(
      names = "--backend",
      paramLabel = "NAME",
      defaultValue = "auto",
      description = "longppl: what runs the evaluator. Default: auto.")
  String backend;

  @Mixin SuiteOptions suite;
  @Mixin TemplateOptions template;
  @Mixin SparkOptions spark;
  @Mixin CommonOptions common;
  @Spec CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    suite.names();
    template.format();
    if (Files.isDirectory(out)) {
      throw new UsageException("--out " + out + " is a folder; name a file.");
    }
    try (Session session = new Session(spark, common)) {
      Configuration hadoop = session.hadoop();
      Suites suites = suite.open(seed, hadoop, new Evaluators(hadoop));
      try (PromptTools tools =
              PromptTools.open(TokenizerSpec.open(model, hadoop), template.format(), hadoop);
          Stream<Sample> samples = suites.samples(tools)) {
        AtomicLong count = new AtomicLong();
        write(samples.peek(sample -> count.incrementAndGet()));
        spec.commandLine().getOut().printf("%,d samples: %s%n", count.get(), out);
      }
    }
    return 0;
  }

  private void write(Stream<Sample> samples) {
    try {
      if (out.toAbsolutePath().getParent() != null) {
        Files.createDirectories(out.toAbsolutePath().getParent());
      }
    } catch (IOException e) {
      throw new UsageException("Can't write to " + out + ": " + e.getMessage(), e);
    }
    SampleFiles.write(out, samples::iterator);
  }

  private final class Evaluators implements LongPplOptions.Models {
    private final Configuration hadoop;

    Evaluators(Configuration hadoop) {
      this.hadoop = hadoop;
    }

    @Override
    public LoadedModel open(String location) {
      return LoadedModel.open(location == null ? model : location, hadoop);
    }

    @Override
    public EngineSpec engine(LoadedModel evaluator) {
      ModelOptions options = new ModelOptions();
      options.backend = backend;
      return options.engine(evaluator);
    }
  }
}
