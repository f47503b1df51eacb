package dev.longspan.spark.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.spark.UsageException;
import dev.longspan.spark.job.EngineLease;
import dev.longspan.spark.job.EngineSpec;
import dev.longspan.spark.job.Engines;
import dev.longspan.spark.job.InferenceJob;
import dev.longspan.spark.job.JobSpec;
import dev.longspan.spark.job.MethodSpec;
import dev.longspan.spark.job.SamplingSpec;
import dev.longspan.spark.model.LoadedModel;
import dev.longspan.spark.run.Json;
import dev.longspan.spark.run.Locations;
import dev.longspan.spark.run.Manifest;
import dev.longspan.spark.run.RunFolder;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What evaluate and generate do before the first row: read the model, describe the run, open the
 * folder. All of it before Spark starts, so that mistakes show at once.
 */
record JobSetup(JobSpec job, LoadedModel model, RunFolder folder, Manifest manifest)
    implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(JobSetup.class);

  /**
   * Parts of the manifest.
   *
   * @param suites about suites
   * @param scoring about variants of scoring; empty where there are none
   * @param input about other input; null where there is none
   */
  record Parts(List<ObjectNode> suites, ObjectNode scoring, ObjectNode input) {}

  /**
   * Sets up a job with a model that is there.
   *
   * @param parts of the manifest that differ from command to command
   */
  static JobSetup of(
      Session session,
      List<String> command,
      LoadedModel model,
      ModelOptions options,
      SamplingOptions sampling,
      TemplateOptions template,
      OutputOptions output,
      Parts parts)
      throws IOException {
    SamplingSpec drawing = sampling.sampling();
    Configuration hadoop = session.hadoop();
    List<MethodSpec> methods = options.methods(model.config());
    EngineSpec engine = options.engine(model);
    JobSpec job =
        new JobSpec(
            engine,
            methods,
            drawing,
            sampling.attempts,
            template.format(),
            output.retryErrors,
            output.partitions,
            output.flushSeconds);
    Manifest manifest =
        new Manifest(command)
            .with("model", model.manifest())
            .with("methods", methods.stream().map(m -> method(m, model.config())).toList())
            .with("suites", parts.suites());
    if (parts.input() != null) {
      manifest.with("input", parts.input());
    }
    if (!parts.scoring().isEmpty()) {
      manifest.with("scoring", parts.scoring());
    }
    manifest
        .with("sampling", sampling(drawing, sampling.attempts, template))
        .environment(Version.longspan(), Version.spark(), backend(session, engine));
    RunFolder folder = RunFolder.open(output.out, hadoop);
    if (session.distributed() && Locations.local(output.out) != null) {
      LOG.warn(
          "--out {} is a local path: every machine must see the same folder there, for example on"
              + " NFS; otherwise name a URI",
          output.out);
    }
    try {
      folder.prepare(manifest.json(), output.resume, output.overwrite);
    } catch (RuntimeException e) {
      folder.close();
      throw e;
    }
    return new JobSetup(job, model, folder, manifest);
  }

  private static ObjectNode method(MethodSpec method, ModelConfig config) {
    return Json.MAPPER
        .createObjectNode()
        .put("name", method.name())
        .put("settings", method.method(config).describe());
  }

  private static ObjectNode sampling(SamplingSpec drawing, int attempts, TemplateOptions template) {
    ObjectNode node =
        Json.MAPPER
            .createObjectNode()
            .put("temperature", drawing.temperature())
            .put("top_k", drawing.topK())
            .put("top_p", drawing.topP())
            .put("min_p", drawing.minP())
            .put("repetition_penalty", drawing.repetitionPenalty());
    drawing.stop().forEach(node.putArray("stop")::add);
    node.put("seed", drawing.seed()).put("attempts", attempts).put("chat_template", !template.raw);
    Boolean thinking = template.format().thinking();
    return thinking == null ? node : node.put("thinking", thinking);
  }

  /**
   * Returns the name of the backend. Where tasks run in this JVM the engine is opened already: what
   * is wrong with the model or the backend shows before Spark starts.
   */
  private static String backend(Session session, EngineSpec engine) {
    if (!session.local()) {
      return engine.backend();
    }
    try (EngineLease lease = Engines.acquire(engine, session.hadoop())) {
      return lease.backend();
    } catch (IllegalArgumentException e) {
      throw new UsageException(e.getMessage(), e);
    }
  }

  /** Lets other processes into the folder. */
  @Override
  public void close() throws IOException {
    folder.close();
  }

  /** Completes manifest.json and returns it. */
  ObjectNode finish(InferenceJob.Outcome outcome) throws IOException {
    manifest.finished(outcome.rows(), outcome.errors(), outcome.reused());
    folder.writeManifest(manifest.json());
    return manifest.json();
  }

  /** Says in words what the job did. */
  static void print(InferenceJob.Outcome outcome, PrintWriter out) {
    out.printf("%,d rows", outcome.rows());
    if (outcome.reused() > 0) {
      out.printf(", %,d of them from before", outcome.reused());
    }
    if (outcome.errors() > 0) {
      out.printf(", %,d with an error", outcome.errors());
    }
    out.println(".");
    if (outcome.repeated() > 0) {
      out.printf(
          "%,d input rows repeat the id and the text of another and share its answer.%n",
          outcome.repeated());
    }
  }
}
