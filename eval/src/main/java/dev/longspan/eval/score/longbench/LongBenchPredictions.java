package dev.longspan.eval.score.longbench;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.longspan.datasets.DatasetException;
import dev.longspan.datasets.Json;
import dev.longspan.datasets.JsonLines;
import dev.longspan.datasets.Sample;
import dev.longspan.datasets.longbench.LongBench;
import dev.longspan.eval.Generation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Answers that another program wrote, in the official layout: a file for each set, {@code
 * <set>.jsonl}, with one object a line that holds {@code pred}, {@code answers}, {@code
 * all_classes} and {@code length}.
 */
public final class LongBenchPredictions {
  private static final String EXTENSION = ".jsonl";

  private final List<Sample> samples = new ArrayList<>();
  private final List<Generation> generations = new ArrayList<>();

  private LongBenchPredictions() {}

  /**
   * Reads one file, or all files of a folder that end in .jsonl.
   *
   * @param method what the answers are called in scores
   * @throws DatasetException if there is no such file, its name is not that of a set, or a row is
   *     wrong
   */
  public static LongBenchPredictions read(Path source, String method) {
    LongBenchPredictions predictions = new LongBenchPredictions();
    try (Stream<Path> files = Files.walk(source, 1)) {
      files
          .filter(file -> file.getFileName().toString().endsWith(EXTENSION))
          .sorted()
          .forEach(file -> predictions.add(file, method));
    } catch (IOException e) {
      throw new DatasetException("Cannot read the predictions in " + source + ": " + e, e);
    }
    if (predictions.samples.isEmpty()) {
      throw new DatasetException(
          source + " holds no predictions; files like qasper.jsonl were expected");
    }
    return predictions;
  }

  /** Returns what was asked, as far as the files tell; a sample's id is its place in its file. */
  public List<Sample> samples() {
    return Collections.unmodifiableList(samples);
  }

  /** Returns what was answered, in the order of the samples. */
  public List<Generation> generations() {
    return Collections.unmodifiableList(generations);
  }

  private void add(Path file, String method) {
    String name = file.getFileName().toString();
    String set = name.substring(0, name.length() - EXTENSION.length());
    if (!LongBenchScorer.knows(set)) {
      throw new DatasetException(
          file + ": '" + set + "' is not a LongBench set; the file's name should be <set>.jsonl");
    }
    try (Stream<Json> rows = JsonLines.read(file)) {
      int first = samples.size();
      rows.forEach(row -> add(set, String.valueOf(samples.size() - first), row, method));
    }
  }

  private void add(String set, String id, Json row, String method) {
    List<String> answers = row.texts("answers");
    if (answers.isEmpty()) {
      throw row.at("answers").wrong("at least one answer", "none");
    }
    ArrayNode classes = JsonNodeFactory.instance.arrayNode();
    if (row.has("all_classes")) {
      row.texts("all_classes").forEach(classes::add);
    }
    samples.add(
        new Sample(
            LongBench.SUITE,
            set,
            0,
            id,
            List.of(),
            "",
            answers,
            1,
            Map.of(
                LongBenchFigures.LENGTH,
                row.textOrNumber("length"),
                LongBenchScorer.ALL_CLASSES,
                classes.toString())));
    generations.add(
        new Generation(
            set + "/" + id,
            LongBench.SUITE,
            set,
            0,
            id,
            0,
            method,
            row.text("pred"),
            0,
            0,
            "stop",
            null,
            null,
            0,
            0));
  }
}
