package dev.longspan.datasets;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Makes samples of a suite's rows as the commands do, without Spark. */
public final class SuiteRows {
  private SuiteRows() {}

  /** Returns the rows of a file. */
  public static List<SourceRow> of(Path file) {
    try (Stream<Json> rows = JsonLines.read(file)) {
      return SourceRow.number(file.toString(), rows).toList();
    }
  }

  /** Returns the samples that all rows make for all tasks. */
  public static List<Sample> samples(RowSuite suite, List<SourceRow> rows, MiddleCut cut) {
    RowSelection selection = new RowSelection(suite, suite.tasks(), 0);
    rows.forEach(selection::add);
    return selection.selected().stream()
        .map(
            selected ->
                suite.sample(
                    rows.stream().filter(row -> row.index() == selected.index()).findFirst().get(),
                    selected.name().task(),
                    cut))
        .toList();
  }

  /** Returns the samples of a file. */
  public static List<Sample> samples(RowSuite suite, Path file) {
    return samples(suite, of(file), MiddleCut.NONE);
  }
}
