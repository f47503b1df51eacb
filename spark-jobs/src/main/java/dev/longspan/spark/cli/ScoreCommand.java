package dev.longspan.spark.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.longspan.datasets.longbench.LongBench;
import dev.longspan.datasets.ruler.Ruler;
import dev.longspan.eval.Generation;
import dev.longspan.eval.SampleSummary;
import dev.longspan.eval.Scores;
import dev.longspan.eval.code.CodeGrades;
import dev.longspan.eval.report.Reports;
import dev.longspan.spark.UsageException;
import dev.longspan.spark.input.Predictions;
import dev.longspan.spark.input.SampleSources;
import dev.longspan.spark.job.EngineSpec;
import dev.longspan.spark.job.Evaluation;
import dev.longspan.spark.job.Grading;
import dev.longspan.spark.job.PromptFormat;
import dev.longspan.spark.job.RunData;
import dev.longspan.spark.model.LoadedModel;
import dev.longspan.spark.model.TokenizerSpec;
import dev.longspan.spark.run.GenerationTable;
import dev.longspan.spark.run.Json;
import dev.longspan.spark.run.Locations;
import dev.longspan.spark.run.Manifest;
import dev.longspan.spark.run.RowParquet;
import dev.longspan.spark.run.RunFolder;
import dev.longspan.spark.suite.ImportedSamples;
import dev.longspan.spark.suite.Preparation;
import dev.longspan.spark.suite.SampleSet;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
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
      "Those of a run folder, RULER's or LongBench's own prediction files, or rows that name their samples. The samples are those of --sample-file, or of the suite's --data, or our own."
    },
    footer = {
      "",
      "Examples:",
      "  longspan score --predictions runs/first --out runs/first-again",
      "  longspan score --predictions answers.jsonl --sample-file samples.jsonl --out scored",
      "  longspan score --suite longbench --predictions pred/llama3 --out scored",
      "  longspan score --suite livecodebench --data test6.jsonl --predictions outputs.json --out scored"
    })
final class ScoreCommand implements Callable<Integer> {
  @Option(
      names = "--predictions",
      paramLabel = "PATH",
      required = true,
      description =
          "Run folder; folder or file in RULER's layout (.../LENGTH/pred/TASK.jsonl) or LongBench's"
              + " (SET.jsonl); or rows in JSON Lines, JSON or Parquet with sample_id and text.")
  String predictions;

  @Option(
      names = "--sample-file",
      paramLabel = "FILE",
      split = ",",
      description = "Samples that such rows refer to, as 'prepare' writes them.")
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

  @Mixin SuiteOptions suite;
  @Mixin ScoringOptions scoring;
  @Mixin SparkOptions spark;
  @Mixin CommonOptions common;
  @Spec CommandSpec spec;

  /**
   * What is scored.
   *
   * @param rows of the samples, with their tests
   */
  private record Data(
      JsonNode manifest,
      List<SampleSummary> samples,
      List<Generation> generations,
      CodeGrades grades,
      Dataset<Row> rows) {}

  @Override
  public Integer call() throws Exception {
    scoring.check();
    suite.names();
    try (Session session = new Session(spark, common);
        RunFolder folder = RunFolder.open(out, session.hadoop())) {
      Data data = data(session, folder);
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
      CodeGrades grades =
          new Grading(session.spark(), folder, scoring.grading())
              .run(data.rows(), data.generations(), data.grades(), Console.standard());
      Scores scores =
          Evaluation.publish(
              folder,
              data.manifest(),
              data.samples(),
              data.generations(),
              baseline != null ? baseline : first(data.manifest(), methods),
              seed,
              scoring.scorers(before(data.manifest()), grades));
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

  private static Map<String, String> before(JsonNode manifest) {
    Map<String, String> options = new HashMap<>();
    manifest
        .path("scoring")
        .properties()
        .forEach(option -> options.put(option.getKey(), option.getValue().asText()));
    return options;
  }

  private Data data(Session session, RunFolder folder) throws IOException {
    Path local = Locations.local(predictions);
    if (local == null || Files.exists(local.resolve("manifest.json"))) {
      RunFolder from = RunFolder.open(predictions, session.hadoop());
      RunData run = RunData.read(session.spark(), from);
      return new Data(
          run.manifest(),
          run.samples(),
          run.generations(),
          run.grades(),
          RunData.samples(session.spark(), from));
    }
    if (!Files.exists(local)) {
      throw new UsageException(
          "--predictions " + predictions + ": there is no such file or folder.");
    }
    if (suite.names().size() > 1) {
      throw new UsageException("--suite names several suites; answers are scored one by one.");
    }
    Predictions official = official(local, suite.names().get(0));
    SampleSet samples =
        official != null ? new ImportedSamples(official.samples()) : samples(session);
    Manifest manifest = new Manifest(CommandLines.words(spec)).with("suites", samples.manifests());
    if (!scoring.chosen().isEmpty()) {
      manifest.with("scoring", scoring.manifest());
    }
    begin(folder, manifest);
    Dataset<Row> rows =
        samples.prepare(
            new Preparation(session.spark(), folder), TokenizerSpec.NONE, PromptFormat.PLAIN);
    List<SampleSummary> known = RunData.summaries(rows);
    List<Generation> generations =
        official != null
            ? official.generations()
            : Predictions.rows(predictions, known, method, session.hadoop());
    keep(session, folder, manifest, generations);
    return new Data(manifest.json(), known, generations, CodeGrades.NONE, rows);
  }

  /** Returns answers in the layout of a benchmark's own scripts; null where they are in another. */
  private Predictions official(Path local, String name) {
    if (sampleFile != null || suite.data != null || !Predictions.official(local)) {
      return null;
    }
    return switch (name) {
      case Ruler.SUITE -> Predictions.ruler(local, method);
      case LongBench.SUITE -> Predictions.longBench(local, method);
      default -> null;
    };
  }

  private SampleSet samples(Session session) {
    if (sampleFile != null) {
      return new ImportedSamples(SampleSources.read("--sample-file", sampleFile));
    }
    if (suite.names().contains(Ruler.SUITE)) {
      throw new UsageException(
          "--predictions "
              + predictions
              + " does not hold the references; name the samples with --sample-file.");
    }
    return suite.open(seed, session.hadoop(), new NoModels());
  }

  /** Takes up what an earlier scoring left in the folder, but never what a model answered. */
  private void begin(RunFolder folder, Manifest manifest) throws IOException {
    JsonNode old = folder.manifest();
    if (old != null && !old.path("command").path(1).asText().equals("score")) {
      throw new UsageException(
          "--out " + out + " holds a run of its own; name another folder for the scores.");
    }
    folder.prepare(manifest.json(), true, false);
  }

  /** Leaves the answers in the folder, which then can be reported and compared as any run. */
  private static void keep(
      Session session, RunFolder folder, Manifest manifest, List<Generation> generations)
      throws IOException {
    manifest.with(
        "methods",
        generations.stream()
            .map(Generation::method)
            .distinct()
            .map(name -> Json.MAPPER.createObjectNode().put("name", name))
            .toList());
    folder.writeManifest(manifest.json());
    for (org.apache.hadoop.fs.Path file : folder.parquet(folder.generations())) {
      folder.delete(file);
    }
    RowParquet.write(
        session.hadoop(),
        new org.apache.hadoop.fs.Path(folder.generations(), "scored.parquet"),
        GenerationTable.SCHEMA,
        () -> generations.stream().map(GenerationTable::row).iterator());
  }

  private static final class NoModels implements LongPplOptions.Models {
    @Override
    public LoadedModel open(String location) {
      throw new UsageException(
          "The key tokens of longppl are not in its data: name the samples that 'prepare' wrote with"
              + " --sample-file, or key tokens with --key-text.");
    }

    @Override
    public EngineSpec engine(LoadedModel model) {
      throw new IllegalStateException("there is no model");
    }
  }
}
