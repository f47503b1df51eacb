package dev.longspan.spark.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.spark.UsageException;
import dev.longspan.spark.input.InputFiles;
import dev.longspan.spark.input.InputSpec;
import dev.longspan.spark.input.Inputs;
import dev.longspan.spark.job.InferenceJob;
import dev.longspan.spark.model.LoadedModel;
import dev.longspan.spark.run.Json;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Answers the prompts in a user's files. */
@Command(
    name = "generate",
    sortOptions = false,
    abbreviateSynopsis = true,
    header = "Answers the prompts in JSON Lines, Parquet or text files.",
    description = {
      "",
      "A row that can't be read or answered becomes a row with an error; nothing is lost."
    },
    footer = {
      "",
      "Example:",
      "  longspan generate --model datasets/models/pocket --input questions.jsonl \\",
      "      --text-column question --max-new-tokens 64 --attention infllm-v2 --out runs/answers"
    })
final class GenerateCommand implements Callable<Integer> {
  @Option(
      names = "--model",
      paramLabel = "DIR_OR_URI",
      required = true,
      description = "Hugging Face model folder, local or on a file system that Hadoop knows.")
  String model;

  @Option(
      names = "--input",
      paramLabel = "FILES",
      required = true,
      split = ",",
      description = "Files, folders or patterns; may be repeated.")
  List<String> input;

  @Option(
      names = "--format",
      paramLabel = "NAME",
      description = "jsonl, parquet or text (a file is a prompt). Default: by the files' endings.")
  InputFiles.Format format;

  @Option(
      names = "--id-column",
      paramLabel = "NAME",
      description = "Field that names a row. Default: id, otherwise file and line.")
  String idColumn;

  @Option(
      names = "--text-column",
      paramLabel = "NAME",
      description = "Field with the prompt. Default: text.")
  String textColumn;

  @Option(
      names = "--messages-column",
      paramLabel = "NAME",
      description = "Field with a list of turns, each with role and content. Default: messages.")
  String messagesColumn;

  @Option(
      names = "--system",
      paramLabel = "TEXT",
      description = "System turn that opens every conversation.")
  String system;

  @Option(
      names = "--max-new-tokens",
      paramLabel = "N",
      defaultValue = "256",
      description = "Limit of each answer in tokens. Default: 256.")
  int maxNewTokens;

  @Mixin ModelOptions methods;
  @Mixin SamplingOptions sampling;
  @Mixin TemplateOptions template;
  @Mixin OutputOptions output;
  @Mixin SparkOptions spark;
  @Mixin CommonOptions common;
  @Spec CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    Checks.atLeast("--max-new-tokens", maxNewTokens, 1);
    if (textColumn != null && messagesColumn != null) {
      throw new UsageException("--text-column and --messages-column exclude each other.");
    }
    methods.check();
    output.check();
    sampling.sampling();
    try (Session session = new Session(spark, common)) {
      InputFiles files = InputFiles.find(input, format, session.hadoop());
      InputSpec rows = new InputSpec(idColumn, textColumn, messagesColumn, system, maxNewTokens);
      try (JobSetup setup =
          JobSetup.of(
              session,
              CommandLines.words(spec),
              LoadedModel.open(model, session.hadoop()),
              methods,
              sampling,
              template,
              output,
              new JobSetup.Parts(List.of(), Json.MAPPER.createObjectNode(), describe(files)))) {
        run(session, setup, Inputs.read(session.spark(), files, rows));
      }
    }
    return 0;
  }

  private void run(Session session, JobSetup setup, Dataset<Row> prompts) throws IOException {
    InferenceJob job =
        new InferenceJob(session.spark(), setup.job(), setup.model(), setup.folder());
    InferenceJob.Outcome outcome = job.run(prompts, Console.standard());
    setup.finish(outcome);
    PrintWriter out = spec.commandLine().getOut();
    JobSetup.print(outcome, out);
    out.println("Answers: " + setup.folder().file("generations"));
    out.flush();
  }

  private ObjectNode describe(InputFiles files) {
    ObjectNode node = Json.MAPPER.createObjectNode().put("format", files.format().name());
    files.files().forEach(node.putArray("files")::add);
    return node.put("id_column", idColumn)
        .put("text_column", textColumn)
        .put("messages_column", messagesColumn)
        .put("system", system)
        .put("max_new_tokens", maxNewTokens);
  }
}
