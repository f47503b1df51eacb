package dev.longspan.spark.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.datasets.livecodebench.LiveCodeBench;
import dev.longspan.eval.Generation;
import dev.longspan.eval.Scores;
import dev.longspan.eval.code.CodeGrades;
import dev.longspan.eval.report.Reports;
import dev.longspan.spark.job.Evaluation;
import dev.longspan.spark.job.Grading;
import dev.longspan.spark.job.InferenceJob;
import dev.longspan.spark.job.ProgressDisplay;
import dev.longspan.spark.job.RunData;
import dev.longspan.spark.model.TokenizerSpec;
import dev.longspan.spark.run.Manifest;
import dev.longspan.spark.run.RunFolder;
import dev.longspan.spark.suite.Preparation;
import dev.longspan.spark.suite.PseudoModel;
import dev.longspan.spark.suite.SampleSet;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** One evaluation: samples, answers, verdicts, scores, report. */
record EvaluationRun(
    Session session,
    SampleSet suites,
    ScoringOptions scoring,
    TemplateOptions template,
    long seed,
    PrintWriter out) {

  /** Lets a model answer. */
  void run(JobSetup setup) throws IOException {
    Dataset<Row> samples = samples(setup.folder(), setup.model().tokenizer());
    InferenceJob job =
        new InferenceJob(session.spark(), setup.job(), setup.model(), setup.folder());
    InferenceJob.Outcome outcome = job.run(InferenceJob.input(samples), Console.standard());
    List<Generation> generations = RunData.generations(job.generations());
    CodeGrades grades = grade(setup.folder(), samples, generations);
    ObjectNode manifest = setup.finish(outcome);
    String baseline = setup.job().methods().get(0).name();
    publish(setup.folder(), manifest, samples, generations, baseline, grades);
    JobSetup.print(outcome, out);
    say(setup.folder());
  }

  /** Lets a pseudo-model answer: a test of everything but models. */
  void run(PseudoModel model, TokenizerSpec tokenizer, RunFolder folder, Manifest manifest)
      throws IOException {
    Dataset<Row> samples = samples(folder, tokenizer);
    long rows = model.run(session.spark(), samples, folder);
    manifest.finished(rows, 0, 0);
    folder.writeManifest(manifest.json());
    RunData run = RunData.read(session.spark(), folder);
    CodeGrades grades = grade(folder, samples, run.generations());
    publish(folder, manifest.json(), samples, run.generations(), model.id(), grades);
    out.printf("%,d rows.%n", rows);
    say(folder);
  }

  private Dataset<Row> samples(RunFolder folder, TokenizerSpec tokenizer) throws IOException {
    return suites.prepare(new Preparation(session.spark(), folder), tokenizer, template.format());
  }

  private CodeGrades grade(RunFolder folder, Dataset<Row> samples, List<Generation> generations)
      throws IOException {
    if (!suites.names().contains(LiveCodeBench.SUITE)) {
      return CodeGrades.NONE;
    }
    ProgressDisplay display = Console.standard();
    return new Grading(session.spark(), folder, scoring.grading())
        .run(samples, generations, CodeGrades.NONE, display);
  }

  private void publish(
      RunFolder folder,
      ObjectNode manifest,
      Dataset<Row> samples,
      List<Generation> generations,
      String baseline,
      CodeGrades grades)
      throws IOException {
    Scores scores =
        Evaluation.publish(
            folder,
            manifest,
            RunData.summaries(samples),
            generations,
            baseline,
            seed,
            scoring.scorers(Map.of(), grades));
    out.println(Reports.consoleTable(scores));
  }

  private void say(RunFolder folder) {
    out.println("Report: " + folder.file("report.html"));
    out.flush();
  }
}
