package dev.longspan.spark.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.longspan.eval.Generation;
import dev.longspan.eval.SampleSummary;
import dev.longspan.eval.Scores;
import dev.longspan.eval.report.Reports;
import dev.longspan.spark.UsageException;
import dev.longspan.spark.input.Predictions;
import dev.longspan.spark.input.SampleSources;
import dev.longspan.spark.job.Evaluation;
import dev.longspan.spark.job.RunData;
import dev.longspan.spark.job.SuiteSpec;
import dev.longspan.spark.run.Json;
import dev.longspan.spark.run.Locations;
import dev.longspan.spark.run.Manifest;
import dev.longspan.spark.run.RunFolder;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Scores answers that exist already. */
@Command(
    name = "score",
    sortOptions = false,
    abbreviateSynopsis = true,
    header = "Scores answers that exist already, without a model.",
    description = {
      "",
      "Those of a run folder, RULER's own prediction files, or JSON Lines with sample_id and text."
    },
    footer = {
      "",
      "Examples:",
      "  longspan score --predictions runs/first --out runs/first-again",
      "  longspan score --predictions answers.jsonl --sample-file samples.jsonl --out scored"
    })
final class ScoreCommand implements Callable<Integer> {
  @Option(
      names = "--suite",
      paramLabel = "NAME",
      defaultValue = "ruler",
      description = "Benchmark suite: ruler (default).")
  String suite;

  @Option(
      names = "--predictions",
      paramLabel = "PATH",
      required = true,
      description =
          "Run folder; folder or file in RULER's layout (.../LENGTH/pred/TASK.jsonl); or JSON"
              + " Lines.")
  String predictions;

  @Option(
      names = "--sample-file",
      paramLabel = "FILE",
      split = ",",
      description = "Samples that JSON Lines refer to, as 'prepare' writes them.")
  List<String> sampleFile;

  @Option(
      names = "--name",
      paramLabel = "NAME",
      defaultValue = "predictions",
      description = "What to call the method of answers that name none. Default: predictions.")
  String method;

  @Option(
      names = "--baseline-method",
      paramLabel = "NAME",
      description = "Method that the others are compared with. Default: the first one.")
  String baseline;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      required = true,
      description = "Folder for scores.json and the reports.")
  String out;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "42",
      description = "Seed of the bootstrap. Default: 42.")
  long seed;

  @Mixin SparkOptions spark;
  @Mixin CommonOptions common;
  @Spec CommandSpec spec;

  private record Data(
      JsonNode manifest, List<SampleSummary> samples, List<Generation> generations) {}

  @Override
  public Integer call() throws Exception {
    if (!SuiteSpec.NAMES.contains(suite)) {
      throw new UsageException(
          "--suite '"
              + suite
              + "' is unknown; known are "
              + String.join(", ", SuiteSpec.NAMES)
              + ".");
    }
    try (Session session = new Session(spark, common)) {
      Data data = data(session);
      if (data.generations().isEmpty()) {
        throw new UsageException("--predictions " + predictions + " holds no answers.");
      }
      List<String> methods =
          data.generations().stream().map(Generation::method).distinct().toList();
      if (baseline != null && !methods.contains(baseline)) {
        throw new UsageException(
            "--baseline-method '"
                + baseline
                + "' has no answers; there are "
                + String.join(", ", methods)
                + ".");
      }
      RunFolder folder = RunFolder.open(out, session.hadoop());
      Scores scores =
          Evaluation.publish(
              folder,
              data.manifest(),
              data.samples(),
              data.generations(),
              baseline != null ? baseline : first(data.manifest(), methods),
              seed);
      PrintWriter console = spec.commandLine().getOut();
      console.println(Reports.consoleTable(scores));
      console.println("Report: " + folder.file("report.html"));
      console.flush();
    }
    return 0;
  }

  private static String first(JsonNode manifest, List<String> methods) {
    return manifest.path("methods").path(0).path("name").asText(methods.get(0));
  }

  private Data data(Session session) throws IOException {
    Path local = Locations.local(predictions);
    if (local == null || Files.exists(local.resolve("manifest.json"))) {
      RunFolder folder = RunFolder.open(predictions, session.hadoop());
      RunData run = RunData.read(session.spark(), folder);
      return new Data(run.manifest(), run.samples(), run.generations());
    }
    if (!Files.exists(local)) {
      throw new UsageException(
          "--predictions " + predictions + ": there is no such file or folder.");
    }
    Predictions read;
    if (Predictions.isRuler(local)) {
      read = Predictions.ruler(local, method);
    } else if (sampleFile == null) {
      throw new UsageException(
          "--predictions "
              + predictions
              + " does not hold the references; name the samples with --sample-file.");
    } else {
      read = Predictions.jsonLines(local, SampleSources.read("--sample-file", sampleFile), method);
    }
    Manifest manifest =
        new Manifest(CommandLines.words(spec))
            .with("suites", List.of(Json.MAPPER.createObjectNode().put("name", suite)));
    return new Data(manifest.json(), read.samples(), read.generations());
  }
}
