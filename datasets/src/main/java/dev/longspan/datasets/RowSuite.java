package dev.longspan.datasets;

import java.io.Serializable;
import java.util.List;

/**
 * A benchmark whose samples are made of the rows of files.
 *
 * <p>An instance holds the choices that decide its samples, such as their wording. It is
 * serializable: rows become samples wherever there is a processor for them.
 */
public interface RowSuite extends Serializable {
  /** Task of a suite's own rows where they are of none of its usual tasks. */
  String OWN = "own";

  /** Returns the name of the suite, as samples carry it. */
  String name();

  /** Returns the version of the samples; it changes whenever equal rows give other samples. */
  String version();

  /** Returns the name of the wording of the prompts, {@code own-...} for our own. */
  String templates();

  /** Returns the tasks in the order of reports. */
  List<String> tasks();

  /** Returns the tasks that are asked where none is named. */
  default List<String> usualTasks() {
    return tasks();
  }

  /** Returns rows of our own: a few of each kind, so that the suite can be run without its data. */
  List<SourceRow> own();

  /**
   * Returns the names of the samples that a row makes; none if it is left out by choice.
   *
   * @throws DatasetException if the row is malformed; the message names file, row and field
   */
  List<SampleName> names(SourceRow row);

  /**
   * Returns one of the samples that {@link #names} promises.
   *
   * @param cut what shortens a long prompt, before the chat template is applied
   * @throws DatasetException if the row is malformed; the message names file, row and field
   */
  Sample sample(SourceRow row, String task, MiddleCut cut);

  /** Returns the most tokens that a prompt keeps in front of a model with that window. */
  default int promptLimit(int window) {
    return MiddleCut.NO_LIMIT;
  }
}
