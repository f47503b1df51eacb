package dev.longspan.spark.cli;

import dev.longspan.datasets.Sample;
import dev.longspan.datasets.livecodebench.LiveCodeBench;
import dev.longspan.spark.UsageException;
import dev.longspan.spark.input.SampleSources;
import dev.longspan.spark.job.EngineSpec;
import dev.longspan.spark.model.LoadedModel;
import dev.longspan.spark.model.TokenizerSpec;
import dev.longspan.spark.run.Json;
import dev.longspan.spark.run.Manifest;
import dev.longspan.spark.run.RunFolder;
import dev.longspan.spark.suite.ImportedSamples;
import dev.longspan.spark.suite.PseudoModel;
import dev.longspan.spark.suite.SampleSet;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Evaluates a model on suites, each attention method on the same samples. */
@Command(
    name = "evaluate",
    sortOptions = false,
    abbreviateSynopsis = true,
    header = "Evaluates a model on benchmark suites.",
    description = {
      "",
      "Every attention method answers the same samples, and the report compares them with the first one. The pseudo-models oracle and null test samples, scorers and report without a model."
    },
    footer = {
      "",
      "Examples:",
      "  longspan evaluate --model models/MiniCPM4.1-8B --tasks niah_single_1,vt \\",
      "      --lengths 4096,16384 --samples 50 --out runs/first",
      "  longspan evaluate --model datasets/models/pocket --suite all --samples 4 --out runs/all",
      "  longspan evaluate --model oracle --suite all --samples 4 --out runs/oracle"
    })
final class EvaluateCommand implements Callable<Integer> {
  @Option(
      names = "--model",
      paramLabel = "DIR_OR_URI",
      required = true,
      description =
          "Hugging Face model folder, local or on a file system that Hadoop knows; or oracle or"
              + " null.")
  String model;

  @Option(
      names = "--tokenizer",
      paramLabel = "DIR_OR_URI",
      description =
          "oracle and null: tokenizer that samples are prepared with. Default:"
              + " datasets/models/pocket.")
  String tokenizer;

  @Mixin SuiteOptions suite;
  @Mixin ModelOptions methods;
  @Mixin SamplingOptions sampling;
  @Mixin TemplateOptions template;
  @Mixin ScoringOptions scoring;
  @Mixin OutputOptions output;
  @Mixin SparkOptions spark;
  @Mixin CommonOptions common;
  @Spec CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    methods.check();
    output.check();
    scoring.check();
    template.format();
    sampling.sampling();
    suite.names();
    try (Session session = new Session(spark, common)) {
      if (PseudoModel.NAMES.contains(model)) {
        pseudo(session, PseudoModel.of(model));
      } else {
        real(session);
      }
    }
    return 0;
  }

  private void real(Session session) throws IOException {
    Models models = new Models(session, model);
    SampleSet samples = samples(session, models);
    try (JobSetup setup =
        JobSetup.of(
            session,
            CommandLines.words(spec),
            models.open(null),
            methods,
            sampling,
            template,
            output,
            new JobSetup.Parts(samples.manifests(), scoring.manifest(), null))) {
      run(session, samples).run(setup);
    }
  }

  private void pseudo(Session session, PseudoModel pseudo) throws IOException {
    String location = tokenizer != null ? tokenizer : DemoCommand.pocket().toString();
    TokenizerSpec counter = TokenizerSpec.open(location, session.hadoop());
    SampleSet samples = samples(session, new Models(session, location));
    Manifest manifest =
        new Manifest(CommandLines.words(spec))
            .with(
                "model",
                Json.MAPPER
                    .createObjectNode()
                    .put("name", pseudo.id())
                    .put("architecture", "pseudo-model")
                    .put("tokenizer_digest", counter.digest()))
            .with("methods", List.of(Json.MAPPER.createObjectNode().put("name", pseudo.id())))
            .with("suites", samples.manifests())
            .environment(Version.longspan(), Version.spark(), "none");
    if (!scoring.chosen().isEmpty()) {
      manifest.with("scoring", scoring.manifest());
    }
    try (RunFolder folder = RunFolder.open(output.out, session.hadoop())) {
      folder.prepare(manifest.json(), output.resume, output.overwrite);
      run(session, samples).run(pseudo, counter, folder, manifest);
    }
  }

  private EvaluationRun run(Session session, SampleSet samples) {
    return new EvaluationRun(
        session, samples, scoring, template, sampling.seed, spec.commandLine().getOut());
  }

  private SampleSet samples(Session session, Models models) throws IOException {
    SampleSet samples =
        suite.dataIsSamples()
            ? new ImportedSamples(imported())
            : suite.open(sampling.seed, session.hadoop(), models);
    if (samples.names().contains(LiveCodeBench.SUITE)) {
      // Better now than when a model has answered for hours.
      scoring.grading().environment();
    }
    return samples;
  }

  private List<Sample> imported() {
    List<Sample> samples =
        SampleSources.read("--data", suite.data).stream()
            .filter(sample -> suite.tasks == null || suite.tasks.contains(sample.task()))
            .filter(sample -> suite.wantsLength(sample.length()))
            .toList();
    if (samples.isEmpty()) {
      throw new UsageException("--tasks and --lengths leave no sample of --data.");
    }
    return samples;
  }

  /** The evaluated model, and others for LongPPL; each is read once. */
  private final class Models implements LongPplOptions.Models {
    private final Session session;
    private final String location;
    private LoadedModel evaluated;

    Models(Session session, String location) {
      this.session = session;
      this.location = location;
    }

    @Override
    public LoadedModel open(String other) {
      if (other != null) {
        return LoadedModel.open(other, session.hadoop());
      }
      if (evaluated == null) {
        evaluated = LoadedModel.open(location, session.hadoop());
      }
      return evaluated;
    }

    @Override
    public EngineSpec engine(LoadedModel model) {
      return methods.engine(model);
    }
  }
}
