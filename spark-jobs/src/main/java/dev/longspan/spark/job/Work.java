package dev.longspan.spark.job;

import dev.longspan.spark.input.Inputs;
import dev.longspan.spark.run.SampleTable;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** One answer to compute, as a row: the columns of a sample and what to do with it. */
final class Work {
  /** Columns of the input of a job: a sample, or what is wrong with the input in its place. */
  static final StructType INPUT = Inputs.SCHEMA;

  static final StructType SCHEMA =
      INPUT
          .add("key", DataTypes.StringType, false)
          .add("method", DataTypes.IntegerType, false)
          .add("attempt", DataTypes.IntegerType, false)
          .add("cost", DataTypes.DoubleType, false);

  private static final int PROBLEM = SampleTable.SCHEMA.size();
  private static final int KEY = INPUT.size();

  private Work() {}

  static Row row(Row input, String key, int method, int attempt, double cost) {
    Object[] values = new Object[SCHEMA.size()];
    for (int i = 0; i < KEY; i++) {
      values[i] = input.get(i);
    }
    values[KEY] = key;
    values[KEY + 1] = method;
    values[KEY + 2] = attempt;
    values[KEY + 3] = cost;
    return RowFactory.create(values);
  }

  static String problem(Row row) {
    return row.getString(PROBLEM);
  }

  static String key(Row row) {
    return row.getString(KEY);
  }

  static int method(Row row) {
    return row.getInt(KEY + 1);
  }

  static int attempt(Row row) {
    return row.getInt(KEY + 2);
  }

  static double cost(Row row) {
    return row.getDouble(KEY + 3);
  }
}
