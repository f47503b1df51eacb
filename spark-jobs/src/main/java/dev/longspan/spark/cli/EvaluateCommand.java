package dev.longspan.spark.cli;

import dev.longspan.spark.job.SuiteSpec;
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
    header = "Evaluates a model on a benchmark suite.",
    description = {
      "",
      "Every attention method answers the same samples, and the report compares them with the first one."
    },
    footer = {
      "",
      "Example:",
      "  longspan evaluate --model models/MiniCPM4.1-8B --tasks niah_single_1,vt \\",
      "      --lengths 4096,16384 --samples 50 --attention dense,infllm-v2 --out runs/first"
    })
final class EvaluateCommand implements Callable<Integer> {
  @Option(
      names = "--model",
      paramLabel = "DIR_OR_URI",
      required = true,
      description = "Hugging Face model folder, local or on a file system that Hadoop knows.")
  String model;

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
    SuiteSpec samples = suite.spec(sampling.seed);
    EvaluationRun run =
        new EvaluationRun(
            CommandLines.words(spec), model, samples, methods, sampling, template, output);
    try (Session session = new Session(spark, common)) {
      run.run(session, spec.commandLine().getOut());
    }
    return 0;
  }
}
