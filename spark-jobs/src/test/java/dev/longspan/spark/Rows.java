package dev.longspan.spark;

import dev.longspan.spark.run.RowParquet;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.example.data.Group;

/** Reads the answers of a run folder without the code that wrote them. */
public final class Rows {
  private Rows() {}

  /** Returns the rows of all generations/*.parquet files. */
  public static List<Group> of(Path run) {
    List<Group> rows = new ArrayList<>();
    for (Path file : files(run)) {
      try {
        RowParquet.read(
            new Configuration(), new org.apache.hadoop.fs.Path(file.toUri()), rows::add);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return rows;
  }

  /** Returns the visible Parquet files of answers. */
  public static List<Path> files(Path run) {
    try (Stream<Path> list = Files.list(run.resolve("generations"))) {
      return list.filter(file -> file.getFileName().toString().matches("[^._].*\\.parquet"))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns one text column. */
  public static List<String> column(Path run, String name) {
    return of(run).stream().map(row -> row.getString(name, 0)).sorted().toList();
  }

  /** Returns the error of a row, or null. */
  public static String errorCode(Group row) {
    return row.getFieldRepetitionCount("error") == 0
        ? null
        : row.getGroup("error", 0).getString("code", 0);
  }
}
