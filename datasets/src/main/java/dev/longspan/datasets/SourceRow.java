package dev.longspan.datasets;

import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * One row of a benchmark's files.
 *
 * @param file path of the file: some suites tell years and parts by it
 * @param index place of the row in its file, from 0
 * @param json what it holds
 */
public record SourceRow(String file, int index, Json json) {
  /** Numbers rows in the order in which they come. */
  public static Stream<SourceRow> number(String file, Stream<Json> rows) {
    int[] next = {0};
    return rows.sequential().map(row -> new SourceRow(file, next[0]++, row));
  }

  /** Returns the rows of a resource of JSON Lines beside {@code owner}. */
  public static List<SourceRow> resource(Class<?> owner, String name) {
    InputStream in = owner.getResourceAsStream(name);
    try (Stream<Json> rows = JsonLines.read(name, in)) {
      return new ArrayList<>(number(name, rows).toList());
    }
  }
}
