package dev.longspan.spark.run;

import dev.longspan.eval.Generation;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** Generations as rows: the columns of generations/*.parquet. */
public final class GenerationTable {
  private static final StructType ERROR =
      new StructType()
          .add("code", DataTypes.StringType, false)
          .add("message", DataTypes.StringType, false);

  /** One row an answer; {@code error} is null where there is an answer. */
  public static final StructType SCHEMA =
      new StructType()
          .add("key", DataTypes.StringType, false)
          .add("suite", DataTypes.StringType, false)
          .add("task", DataTypes.StringType, false)
          .add("length", DataTypes.IntegerType, false)
          .add("sample_id", DataTypes.StringType, false)
          .add("attempt", DataTypes.IntegerType, false)
          .add("method", DataTypes.StringType, false)
          .add("text", DataTypes.StringType, false)
          .add("prompt_tokens", DataTypes.IntegerType, false)
          .add("new_tokens", DataTypes.IntegerType, false)
          .add("finish_reason", DataTypes.StringType, false)
          .add("error", ERROR, true)
          .add("prefill_seconds", DataTypes.DoubleType, false)
          .add("decode_seconds", DataTypes.DoubleType, false);

  private GenerationTable() {}

  /** Returns the row of {@code generation}. */
  public static Row row(Generation generation) {
    return RowFactory.create(
        generation.key(),
        generation.suite(),
        generation.task(),
        generation.length(),
        generation.sampleId(),
        generation.attempt(),
        generation.method(),
        generation.text(),
        generation.promptTokens(),
        generation.newTokens(),
        generation.finishReason(),
        generation.failed()
            ? RowFactory.create(generation.errorCode(), generation.errorMessage())
            : null,
        generation.prefillSeconds(),
        generation.decodeSeconds());
  }

  /** Returns the generation of a row with the columns of {@link #SCHEMA} in their order. */
  public static Generation generation(Row row) {
    Row error = row.isNullAt(11) ? null : row.getStruct(11);
    return new Generation(
        row.getString(0),
        row.getString(1),
        row.getString(2),
        row.getInt(3),
        row.getString(4),
        row.getInt(5),
        row.getString(6),
        row.getString(7),
        row.getInt(8),
        row.getInt(9),
        row.getString(10),
        error == null ? null : error.getString(0),
        error == null ? null : error.getString(1),
        row.getDouble(12),
        row.getDouble(13));
  }
}
