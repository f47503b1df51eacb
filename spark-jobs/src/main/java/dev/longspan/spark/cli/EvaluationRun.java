package dev.longspan.spark.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.eval.Scores;
import dev.longspan.eval.report.Reports;
import dev.longspan.spark.job.Evaluation;
import dev.longspan.spark.job.InferenceJob;
import dev.longspan.spark.job.Preparation;
import dev.longspan.spark.job.RunData;
import dev.longspan.spark.job.SampleSet;
import dev.longspan.spark.run.RunFolder;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** One evaluation: samples, answers, scores, report. */
record EvaluationRun(
    List<String> command,
    String model,
    SampleSet suite,
    ModelOptions methods,
    SamplingOptions sampling,
    TemplateOptions template,
    OutputOptions output) {

  void run(Session session, PrintWriter out) throws IOException {
    try (JobSetup setup =
        JobSetup.of(
            session,
            command,
            model,
            methods,
            sampling,
            template,
            output,
            suite.manifests(),
            null)) {
      run(session, setup, out);
    }
  }

  private void run(Session session, JobSetup setup, PrintWriter out) throws IOException {
    RunFolder folder = setup.folder();
    Dataset<Row> samples =
        suite.prepare(new Preparation(session.spark(), folder), setup.model(), !template.raw);
    InferenceJob job = new InferenceJob(session.spark(), setup.job(), setup.model(), folder);
    InferenceJob.Outcome outcome = job.run(InferenceJob.input(samples), Console.standard());
    ObjectNode manifest = setup.finish(outcome);
    Scores scores =
        Evaluation.publish(
            folder,
            manifest,
            RunData.summaries(samples),
            RunData.generations(job.generations()),
            setup.job().methods().get(0).name(),
            sampling.seed);
    out.println(Reports.consoleTable(scores));
    JobSetup.print(outcome, out);
    out.println("Report: " + folder.file("report.html"));
    out.flush();
  }
}
