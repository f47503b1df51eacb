package dev.longspan.spark.cli;

import dev.longspan.eval.Generation;
import dev.longspan.eval.SampleSummary;
import dev.longspan.eval.Scores;
import dev.longspan.eval.code.CodeGrades;
import dev.longspan.eval.report.Reports;
import dev.longspan.eval.score.SuiteScorers;
import dev.longspan.spark.UsageException;
import dev.longspan.spark.job.Evaluation;
import dev.longspan.spark.job.RunData;
import dev.longspan.spark.run.RunFolder;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Renders the report of a run again, or compares two runs. */
@Command(
    name = "report",
    sortOptions = false,
    abbreviateSynopsis = true,
    header = "Renders the report of a run again, or compares two runs.",
    description = {
      "",
      "With --baseline it compares a method of the run with the same method of another run on the same samples."
    },
    footer = {
      "",
      "Examples:",
      "  longspan report --run runs/first --out report.html",
      "  longspan report --run runs/tonight --baseline runs/yesterday --out change.html"
    })
final class ReportCommand implements Callable<Integer> {
  @Option(
      names = "--run",
      paramLabel = "DIR",
      required = true,
      description = "Run folder of an evaluation.")
  String run;

  @Option(
      names = "--baseline",
      paramLabel = "DIR",
      description = "Run folder to compare with: same suite, same samples.")
  String baseline;

  @Option(
      names = "--method",
      paramLabel = "NAME",
      description = "With --baseline: the method to compare. Default: the run's first one.")
  String method;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      required = true,
      description = "File to write, by its ending: .html, .md, .xml (JUnit) or .json (scores).")
  Path out;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "42",
      description = "Seed of the bootstrap. Default: 42.")
  long seed;

  @Mixin ScoringOptions scoring;
  @Mixin SparkOptions spark;
  @Mixin CommonOptions common;
  @Spec CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    String rendered = rendered();
    if (method != null && baseline == null) {
      throw new UsageException("--method needs --baseline: it names what to compare.");
    }
    try (Session session = new Session(spark, common)) {
      RunData data = read(session, run);
      List<Generation> generations = data.generations();
      CodeGrades grades = data.grades();
      String reference = data.methods().isEmpty() ? null : data.methods().get(0);
      if (baseline != null) {
        String compared = method == null ? reference : method;
        reference = compared + " (baseline)";
        RunData before = read(session, baseline);
        generations = compare(data, before, compared, reference);
        grades = grades.and(before.grades());
      }
      SuiteScorers scorers = scoring.scorers(data.scoring(), grades);
      Scores scores = write(data, generations, reference, scorers, rendered);
      PrintWriter console = spec.commandLine().getOut();
      console.println(Reports.consoleTable(scores));
      console.println("Report: " + out);
      console.flush();
    }
    return 0;
  }

  private String rendered() {
    String name = out.getFileName().toString();
    String ending = name.substring(name.lastIndexOf('.') + 1);
    return switch (ending) {
      case "html" -> "report.html";
      case "md" -> "report.md";
      case "xml" -> "junit.xml";
      case "json" -> "scores.json";
      default ->
          throw new UsageException(
              "--out " + out + ": name a file that ends in .html, .md, .xml or .json.");
    };
  }

  private static RunData read(Session session, String location) throws IOException {
    RunFolder folder = RunFolder.open(location, session.hadoop());
    if (folder.manifest() == null) {
      throw new UsageException(location + " is no run folder: it holds no manifest.json.");
    }
    return RunData.read(session.spark(), folder);
  }

  private List<Generation> compare(RunData now, RunData before, String compared, String renamed) {
    for (RunData data : List.of(now, before)) {
      if (!data.methods().contains(compared)) {
        throw new UsageException(
            (data == now ? run : baseline)
                + " has no answers by '"
                + compared
                + "'; it has "
                + String.join(", ", data.methods())
                + ". Choose with --method.");
      }
    }
    sameSamples(now, before);
    List<Generation> both = new ArrayList<>();
    now.generations().stream().filter(g -> g.method().equals(compared)).forEach(both::add);
    before.generations().stream()
        .filter(g -> g.method().equals(compared))
        .map(g -> rename(g, renamed))
        .forEach(both::add);
    return both;
  }

  private void sameSamples(RunData now, RunData before) {
    Map<List<Object>, SampleSummary> old = new HashMap<>();
    before.samples().forEach(s -> old.put(name(s), s));
    int common = 0;
    for (SampleSummary sample : now.samples()) {
      SampleSummary other = old.get(name(sample));
      if (other != null) {
        common++;
        if (!other.promptHead().equals(sample.promptHead())
            || !other.promptTail().equals(sample.promptTail())
            || !other.references().equals(sample.references())) {
          throw new UsageException(
              "The runs have different samples, for example "
                  + name(sample)
                  + ": compare runs with the same seed, tokenizer, wording and haystack.");
        }
      }
    }
    if (common == 0) {
      throw new UsageException(
          "The runs " + run + " and " + baseline + " have no sample in common.");
    }
  }

  private static List<Object> name(SampleSummary sample) {
    return List.of(sample.suite(), sample.task(), sample.length(), sample.id());
  }

  private static Generation rename(Generation g, String method) {
    return new Generation(
        g.key(),
        g.suite(),
        g.task(),
        g.length(),
        g.sampleId(),
        g.attempt(),
        method,
        g.text(),
        g.promptTokens(),
        g.newTokens(),
        g.finishReason(),
        g.errorCode(),
        g.errorMessage(),
        g.prefillSeconds(),
        g.decodeSeconds());
  }

  private Scores write(
      RunData data,
      List<Generation> generations,
      String reference,
      SuiteScorers scorers,
      String rendered)
      throws IOException {
    Path folder = Files.createTempDirectory("longspan-report");
    try {
      Scores scores =
          Evaluation.render(
              folder, data.manifest(), data.samples(), generations, reference, seed, scorers);
      Path target = out.toAbsolutePath();
      Files.createDirectories(target.getParent());
      Files.copy(folder.resolve(rendered), target, StandardCopyOption.REPLACE_EXISTING);
      return scores;
    } catch (IOException e) {
      throw new UsageException("Can't write " + out + ": " + e.getMessage(), e);
    } finally {
      Evaluation.delete(folder);
    }
  }
}
