package dev.longspan.spark.job;

import dev.longspan.eval.code.CodeGrades;
import dev.longspan.eval.code.CodeVerdict;
import dev.longspan.spark.run.GradeTable;
import dev.longspan.spark.run.RunFolder;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** The verdicts on programs that a run folder holds, all of one environment. */
public final class GradeStore {
  private final SparkSession spark;
  private final RunFolder folder;

  /** Reads from {@code folder}. */
  public GradeStore(SparkSession spark, RunFolder folder) {
    this.spark = spark;
    this.folder = folder;
  }

  /** Returns all verdicts. */
  public CodeGrades grades() throws IOException {
    List<Path> files = folder.parquet(folder.grades());
    if (files.isEmpty()) {
      return CodeGrades.NONE;
    }
    Map<String, CodeVerdict> verdicts = new HashMap<>();
    String environment = "";
    for (Row row :
        spark
            .read()
            .schema(GradeTable.SCHEMA)
            .parquet(files.stream().map(Path::toString).toArray(String[]::new))
            .collectAsList()) {
      environment = row.getString(2);
      verdicts.put(row.getString(0), GradeTable.verdict(row));
    }
    return new CodeGrades(environment, verdicts);
  }

  /** Removes verdicts that another interpreter, sandbox or limit led to, and half-written files. */
  void keep(String environment) throws IOException {
    folder.sweep();
    if (!grades().environment().equals(environment)) {
      for (Path file : folder.parquet(folder.grades())) {
        folder.delete(file);
      }
    }
  }
}
