package dev.longspan.spark.cli;

import dev.longspan.datasets.Sample;
import dev.longspan.spark.UsageException;
import dev.longspan.spark.input.SampleSources;
import dev.longspan.spark.job.ImportedSamples;
import dev.longspan.spark.job.SampleSet;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Evaluates a model on a suite, each attention method on the same samples. */
@Command(
    name = "evaluate",
    sortOptions = false,
    abbreviateSynopsis = true,
    header = "Evaluates a model on a benchmark suite.",
    description = {
      "",
      "Every attention method answers the same samples, and the report compares them with the first one."
    },
    footer = {
      "",
      "Example:",
      "  longspan evaluate --model models/MiniCPM4.1-8B --tasks niah_single_1,vt \\",
      "      --lengths 4096,16384 --samples 50 --out runs/first"
    })
final class EvaluateCommand implements Callable<Integer> {
  @Option(
      names = "--model",
      paramLabel = "DIR_OR_URI",
      required = true,
      description = "Hugging Face model folder, local or on a file system that Hadoop knows.")
  String model;

  @Option(
      names = "--data",
      paramLabel = "PATH",
      split = ",",
      description =
          "Samples that exist already, instead of generated ones: JSON Lines as 'prepare' writes"
              + " them, or files and folders in RULER's own layout. --tasks and --lengths select"
              + " among them.")
  List<String> data;

  @Mixin SuiteOptions suite;
  @Mixin ModelOptions methods;
  @Mixin SamplingOptions sampling;
  @Mixin TemplateOptions template;
  @Mixin OutputOptions output;
  @Mixin SparkOptions spark;
  @Mixin CommonOptions common;
  @Spec CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    SampleSet samples = data == null ? suite.spec(sampling.seed) : new ImportedSamples(imported());
    EvaluationRun run =
        new EvaluationRun(
            CommandLines.words(spec), model, samples, methods, sampling, template, output);
    try (Session session = new Session(spark, common)) {
      run.run(session, spec.commandLine().getOut());
    }
    return 0;
  }

  private List<Sample> imported() {
    List<Sample> samples =
        SampleSources.read("--data", data).stream()
            .filter(sample -> suite.tasks == null || suite.tasks.contains(sample.task()))
            .filter(sample -> suite.lengths == null || suite.lengths.contains(sample.length()))
            .toList();
    if (samples.isEmpty()) {
      throw new UsageException("--tasks and --lengths leave no sample of --data.");
    }
    return samples;
  }
}
