package dev.longspan.spark.cli;

import dev.longspan.spark.UsageException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Evaluates the model of the repository: the first thing to run. */
@Command(
    name = "demo",
    sortOptions = false,
    abbreviateSynopsis = true,
    header = "Evaluates the small model of the repository.",
    description = {
      "",
      "Five RULER tasks at two lengths, dense attention against infllm-v2, eight samples each; says where the report is. Takes a few minutes."
    },
    footer = {"", "Example:", "  longspan demo"})
final class DemoCommand implements Callable<Integer> {
  /** System property with the installation folder, set by the launcher. */
  static final String HOME = "longspan.home";

  private static final String TASKS =
      "niah_single_1,niah_single_2,niah_multikey_1,niah_multikey_2,qa_1";
  private static final String LENGTHS = "1024,8192";
  private static final int SAMPLES = 8;

  @Option(
      names = "--model",
      paramLabel = "DIR_OR_URI",
      description = "Another model. Default: datasets/models/pocket of the installation.")
  String model;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Run folder. Default: runs/demo-<time> in the current folder.")
  String out;

  @Mixin SparkOptions spark;
  @Mixin CommonOptions common;
  @Spec CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    String folder =
        out != null
            ? out
            : "runs/demo-"
                + LocalDateTime.now().format(DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss"));
    List<String> words =
        List.of(
            "--model", model != null ? model : pocket().toString(),
            "--tasks", TASKS,
            "--lengths", LENGTHS,
            "--samples", Integer.toString(SAMPLES),
            "--out", folder);
    EvaluateCommand evaluate = new EvaluateCommand();
    new CommandLine(evaluate).parseArgs(words.toArray(String[]::new));
    evaluate.spark = spark;
    evaluate.common = common;
    evaluate.spec = spec;
    return evaluate.call();
  }

  /** Returns the folder of the model that comes with the installation. */
  static Path pocket() {
    Path home = Path.of(System.getProperty(HOME, "."));
    Path model = home.resolve("datasets").resolve("models").resolve("pocket").normalize();
    if (!Files.isDirectory(model)) {
      throw new UsageException(
          "The default model is not at "
              + model.toAbsolutePath()
              + ". Start it with bin/longspan of the repository, or name a model with --model.");
    }
    return model;
  }
}
