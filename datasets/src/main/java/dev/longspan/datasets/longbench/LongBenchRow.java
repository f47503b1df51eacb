package dev.longspan.datasets.longbench;

import dev.longspan.datasets.DatasetException;
import dev.longspan.datasets.Json;
import java.util.List;

/**
 * One row of a LongBench set.
 *
 * @param task the set
 * @param extended whether the row is of LongBench-E
 * @param id name of the row, unique in its set
 * @param input the question, or the last of several examples; may be empty
 * @param context the long text
 * @param answers the accepted answers
 * @param length length of the row in words, or in characters if it is Chinese
 * @param classes all classes of a classification set; empty for other sets
 */
public record LongBenchRow(
    LongBenchTask task,
    boolean extended,
    String id,
    String input,
    String context,
    List<String> answers,
    int length,
    List<String> classes) {
  private static final String SUFFIX = "_e";

  /** Freezes the lists. */
  public LongBenchRow {
    answers = List.copyOf(answers);
    classes = List.copyOf(classes);
  }

  /**
   * Reads a row of the official layout.
   *
   * @param extended whether the row is of LongBench-E; its set's name may say so too
   * @throws DatasetException if a field is missing or wrong
   */
  static LongBenchRow of(Json row, boolean extended) {
    String name = row.text("dataset");
    boolean named = name.endsWith(SUFFIX);
    String set = named ? name.substring(0, name.length() - SUFFIX.length()) : name;
    LongBenchTask task =
        LongBenchTask.find(set)
            .orElseThrow(() -> row.at("dataset").wrong("the name of a LongBench set", name));
    List<String> answers = row.texts("answers");
    if (answers.isEmpty()) {
      throw row.at("answers").wrong("at least one answer", "none");
    }
    List<String> classes = row.has("all_classes") ? row.texts("all_classes") : List.of();
    if (task.metric() == LongBenchMetric.CLASSIFICATION && classes.isEmpty()) {
      throw row.at("all_classes").wrong("the classes of " + set, "none");
    }
    if ((extended || named) && !task.buckets()) {
      throw row.at("dataset").wrong("the name of a set of LongBench-E", name);
    }
    return new LongBenchRow(
        task,
        extended || named,
        row.text("_id"),
        row.text("input"),
        row.text("context"),
        answers,
        row.number("length"),
        classes);
  }

  /** Returns the name of the set, with the ending _e for rows of LongBench-E. */
  public String set() {
    return extended ? task.id() + SUFFIX : task.id();
  }
}
