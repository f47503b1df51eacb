package dev.longspan.spark.run;

import dev.longspan.eval.code.CodeVerdict;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** Verdicts on programs as rows: the columns of grades/*.parquet. */
public final class GradeTable {
  /**
   * One row a program; {@code results} has a number for each test tried, see {@link CodeVerdict}.
   */
  public static final StructType SCHEMA =
      new StructType()
          .add("key", DataTypes.StringType, false)
          .add("sample_id", DataTypes.StringType, false)
          .add("environment", DataTypes.StringType, false)
          .add("passed", DataTypes.BooleanType, false)
          .add("results", DataTypes.createArrayType(DataTypes.IntegerType, false), false)
          .add("message", DataTypes.StringType, true)
          .add("seconds", DataTypes.DoubleType, false);

  private GradeTable() {}

  /** Returns the row of a verdict. */
  public static Row row(String key, String sampleId, String environment, CodeVerdict verdict) {
    return RowFactory.create(
        key,
        sampleId,
        environment,
        verdict.passed(),
        RowValues.seq(verdict.results()),
        verdict.message(),
        verdict.seconds());
  }

  /** Returns the verdict of a row with the columns of {@link #SCHEMA} in their order. */
  public static CodeVerdict verdict(Row row) {
    List<Integer> results = RowValues.list(row.get(4)).stream().map(Integer.class::cast).toList();
    return new CodeVerdict(row.getBoolean(3), results, row.getString(5), row.getDouble(6));
  }
}
