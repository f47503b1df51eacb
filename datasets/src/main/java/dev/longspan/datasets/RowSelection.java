package dev.longspan.datasets;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Which of a suite's rows are asked: each name once, those of the wanted tasks, and of each task as
 * many as are wanted. Nothing is lost without being counted.
 */
public final class RowSelection {
  /**
   * A sample that will be made, and the row that it is made of.
   *
   * @param name of the sample
   * @param file of the row
   * @param index of the row in its file
   */
  public record Selected(SampleName name, String file, int index) implements Serializable {}

  private final RowSuite suite;
  private final List<String> tasks;
  private final int limit;
  private final Map<SampleName, String> seen = new HashMap<>();
  private final Map<String, List<Selected>> kept = new LinkedHashMap<>();
  private int rows;
  private int unused;

  /**
   * Starts with nothing.
   *
   * @param tasks the wanted ones, in the order in which they are asked
   * @param limit most samples of a task; 0 for all
   */
  public RowSelection(RowSuite suite, List<String> tasks, int limit) {
    this.suite = suite;
    this.tasks = List.copyOf(tasks);
    this.limit = limit;
    tasks.forEach(task -> kept.put(task, new ArrayList<>()));
  }

  /**
   * Takes the next row.
   *
   * @throws DatasetException if the row is malformed, or another one has its name
   */
  public void add(SourceRow row) {
    rows++;
    boolean used = false;
    for (SampleName name : suite.names(row)) {
      String place = row.file() + " row " + (row.index() + 1);
      String before = seen.putIfAbsent(name, place);
      if (before != null) {
        throw new DatasetException(
            "%s: the id '%s' of %s occurs in %s already; each row of a task needs an id of its own"
                .formatted(place, name.id(), name.task(), before));
      }
      List<Selected> task = kept.get(name.task());
      if (task != null && (limit == 0 || task.size() < limit)) {
        task.add(new Selected(name, row.file(), row.index()));
        used = true;
      }
    }
    unused += used ? 0 : 1;
  }

  /** Counts a row that is left out without being looked at. */
  public void skip() {
    rows++;
    unused++;
  }

  /**
   * Returns what is asked, task by task.
   *
   * @throws DatasetException if there is nothing to ask
   */
  public List<Selected> selected() {
    List<Selected> all = kept.values().stream().flatMap(List::stream).toList();
    if (all.isEmpty()) {
      List<String> there =
          seen.keySet().stream().map(SampleName::task).distinct().sorted().toList();
      throw new DatasetException(
          "there is nothing to ask of %s: %d rows were read, %s"
              .formatted(
                  suite.name(),
                  rows,
                  there.isEmpty()
                      ? "and the options select none of them"
                      : "of the tasks "
                          + String.join(", ", there)
                          + ", but asked are "
                          + String.join(", ", tasks)));
    }
    return all;
  }

  /** Returns the wanted tasks that no row is of. */
  public List<String> absent() {
    return tasks.stream().filter(task -> kept.get(task).isEmpty()).toList();
  }

  /** Returns the number of rows taken. */
  public int rows() {
    return rows;
  }

  /** Returns how many of them no sample is made of, by choice of tasks, samples or dates. */
  public int unused() {
    return unused;
  }
}
