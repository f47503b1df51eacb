package dev.longspan.spark.input;

import dev.longspan.datasets.Json;
import dev.longspan.datasets.Sample;
import dev.longspan.datasets.SourceRow;
import dev.longspan.datasets.ruler.RulerFiles;
import dev.longspan.eval.Generation;
import dev.longspan.eval.SampleSummary;
import dev.longspan.eval.score.longbench.LongBenchPredictions;
import dev.longspan.spark.UsageException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;

/**
 * Answers that somebody else's model gave, with the samples they belong to.
 *
 * @param samples what was asked
 * @param generations what was answered
 */
public record Predictions(List<Sample> samples, List<Generation> generations) {
  private static final List<String> ID = List.of("sample_id", "id", "question_id", "_id");
  private static final List<String> TEXT = List.of("text", "response", "pred");

  /** Several answers to one sample: texts, or bare programs. */
  private static final List<String> TEXTS = List.of("responses", "output_list");

  private static final String PROGRAMS = "code_list";
  private static final String FENCE = "```";

  /** Returns the rows of RULER's own prediction files, which hold the references too. */
  public static Predictions ruler(Path fileOrFolder, String method) {
    List<Sample> samples = new ArrayList<>();
    List<Generation> generations = new ArrayList<>();
    for (RulerFiles.Prediction row : RulerFiles.readPredictions(fileOrFolder)) {
      samples.add(row.sample());
      generations.add(generation(SampleSummary.of(row.sample()), method, 0, row.text()));
    }
    return new Predictions(samples, generations);
  }

  /** Returns the rows of LongBench's own prediction files, which hold the references too. */
  public static Predictions longBench(Path fileOrFolder, String method) {
    LongBenchPredictions read = LongBenchPredictions.read(fileOrFolder, method);
    return new Predictions(read.samples(), read.generations());
  }

  /**
   * Returns whether a path holds prediction files of RULER, or of LongBench, as these write them.
   */
  public static boolean official(Path path) {
    return Files.isDirectory(path) || SampleSources.firstRow(path).has("pred");
  }

  /**
   * Reads answers in JSON Lines, a JSON array or Parquet.
   *
   * <p>A row names its sample in {@code sample_id}, {@code id}, {@code question_id} or {@code _id},
   * and where that is not enough in {@code task} and {@code length} too. It holds one answer in
   * {@code text}, {@code response} or {@code pred}, or several in {@code responses} or {@code
   * output_list}, or programs in {@code code_list}; {@code method} and {@code attempt} may be there
   * too. An answer to no sample is kept: scoring counts it as unmatched.
   *
   * @param known the samples
   * @param method of rows that name none
   * @throws UsageException if a row can't be read, is of several samples, or no row is of any; the
   *     message names it
   */
  public static List<Generation> rows(
      String location, List<SampleSummary> known, String method, Configuration configuration) {
    Map<String, List<SampleSummary>> byId = new HashMap<>();
    known.forEach(sample -> byId.computeIfAbsent(sample.id(), id -> new ArrayList<>()).add(sample));
    List<Generation> generations = new ArrayList<>();
    int[] matched = {0};
    for (String file : DataFiles.find("--predictions", location, configuration)) {
      try (Stream<SourceRow> rows = DataFiles.rows(configuration, file)) {
        rows.forEach(
            row -> {
              List<Generation> answers = answers(row, byId, known.get(0), method);
              matched[0] += byId.containsKey(answers.get(0).sampleId()) ? 1 : 0;
              generations.addAll(answers);
            });
      } catch (IOException | UncheckedIOException e) {
        throw new UsageException(location + " can't be read: " + e.getMessage(), e);
      }
    }
    if (!generations.isEmpty() && matched[0] == 0) {
      throw new UsageException(
          String.format(
              "--predictions %s: none of %,d answers is to one of %,d samples; the first is to '%s',"
                  + " the first sample is '%s'.",
              location,
              generations.size(),
              known.size(),
              generations.get(0).sampleId(),
              known.get(0).id()));
    }
    return generations;
  }

  private static List<Generation> answers(
      SourceRow source, Map<String, List<SampleSummary>> byId, SampleSummary any, String method) {
    Json row = source.json();
    String id = row.textOrNumber(first(row, ID, "the name of a sample"));
    List<SampleSummary> fitting =
        byId.getOrDefault(id, List.of()).stream()
            .filter(s -> !row.has("task") || s.task().equals(row.text("task")))
            .filter(s -> !row.has("length") || s.length() == row.number("length"))
            .toList();
    if (fitting.size() > 1) {
      throw row.at("task")
          .wrong(
              "a task and a length here, since the sample '"
                  + id
                  + "' occurs "
                  + fitting.size()
                  + " times",
              "nothing that tells them apart");
    }
    SampleSummary sample =
        fitting.isEmpty()
            ? new SampleSummary(
                any.suite(),
                row.has("task") ? row.text("task") : any.task(),
                row.has("length") ? row.number("length") : any.length(),
                id,
                "",
                "",
                List.of(),
                Map.of())
            : fitting.get(0);
    String name = row.has("method") ? row.text("method") : method;
    int attempt = row.has("attempt") ? row.number("attempt", 0) : 0;
    List<Generation> answers = new ArrayList<>();
    for (String text : texts(row)) {
      answers.add(generation(sample, name, attempt + answers.size(), text));
    }
    if (answers.isEmpty()) {
      throw row.at(TEXTS.get(0)).wrong("at least one answer", "none");
    }
    return answers;
  }

  private static List<String> texts(Json row) {
    for (String field : TEXTS) {
      if (row.has(field)) {
        // LiveCodeBench's evaluated files hold the list as a text.
        Json list = row.isText(field) ? row.embedded(field) : row.at(field);
        return list.elements().stream().map(Json::asText).toList();
      }
    }
    if (row.has(PROGRAMS)) {
      return row.list(PROGRAMS).stream().map(Predictions::fenced).toList();
    }
    List<String> known = new ArrayList<>(TEXT);
    known.addAll(TEXTS);
    known.add(PROGRAMS);
    return List.of(row.text(first(row, known, "an answer")));
  }

  /** A bare program as the answer that it would be taken from. */
  private static String fenced(Json program) {
    if (program.asText().contains(FENCE)) {
      throw program.wrong(
          "a program without code fences (or the whole answers in output_list)", "a fence");
    }
    return FENCE + "python\n" + program.asText() + "\n" + FENCE;
  }

  private static String first(Json row, List<String> fields, String what) {
    return fields.stream()
        .filter(row::has)
        .findFirst()
        .orElseThrow(
            () ->
                row.at(fields.get(0))
                    .wrong(
                        what + " here or in " + String.join(", ", new TreeSet<>(fields)),
                        "nothing"));
  }

  private static Generation generation(
      SampleSummary sample, String method, int attempt, String text) {
    return new Generation(
        String.join("/", sample.task(), "" + sample.length(), sample.id(), method, "" + attempt),
        sample.suite(),
        sample.task(),
        sample.length(),
        sample.id(),
        attempt,
        method,
        text,
        0,
        0,
        "stop",
        null,
        null,
        0,
        0);
  }
}
