package dev.longspan.spark.run;

import dev.longspan.datasets.Message;
import dev.longspan.datasets.Sample;
import dev.longspan.eval.SampleSummary;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** Samples as rows: the columns of samples/*.parquet. */
public final class SampleTable {
  private static final int CHARACTERS = 4;
  private static final StructType MESSAGE =
      new StructType()
          .add("role", DataTypes.StringType, false)
          .add("content", DataTypes.StringType, false);

  /**
   * One row a sample; {@code prompt_tokens} is the length of the rendered prompt, or an estimate.
   */
  public static final StructType SCHEMA =
      new StructType()
          .add("suite", DataTypes.StringType, false)
          .add("task", DataTypes.StringType, false)
          .add("length", DataTypes.IntegerType, false)
          .add("sample_id", DataTypes.StringType, false)
          .add("messages", DataTypes.createArrayType(MESSAGE, false), false)
          .add("answer_prefix", DataTypes.StringType, false)
          .add("references", DataTypes.createArrayType(DataTypes.StringType, false), false)
          .add("max_new_tokens", DataTypes.IntegerType, false)
          .add(
              "info",
              DataTypes.createMapType(DataTypes.StringType, DataTypes.StringType, false),
              false)
          .add("prompt_tokens", DataTypes.IntegerType, false);

  private SampleTable() {}

  /** Returns the row of {@code sample}. */
  public static Row row(Sample sample, int promptTokens) {
    return RowFactory.create(
        sample.suite(),
        sample.task(),
        sample.length(),
        sample.id(),
        RowValues.seq(
            sample.messages().stream()
                .map(message -> RowFactory.create(message.role(), message.content()))
                .toList()),
        sample.answerPrefix(),
        RowValues.seq(sample.references()),
        sample.maxNewTokens(),
        RowValues.map(sample.info()),
        promptTokens);
  }

  /** Returns about how many tokens a prompt has: only the order of the work depends on it. */
  public static int estimateTokens(int characters) {
    return 1 + characters / CHARACTERS;
  }

  /** Returns the sample of a row that begins with the columns of {@link #SCHEMA}. */
  public static Sample sample(Row row) {
    List<Message> messages = new ArrayList<>();
    for (Object message : RowValues.list(row.get(4))) {
      messages.add(new Message(((Row) message).getString(0), ((Row) message).getString(1)));
    }
    Map<String, String> info = new HashMap<>();
    RowValues.javaMap(row.get(8)).forEach((key, value) -> info.put((String) key, (String) value));
    return new Sample(
        row.getString(0),
        row.getString(1),
        row.getInt(2),
        row.getString(3),
        messages,
        row.getString(5),
        RowValues.list(row.get(6)).stream().map(String.class::cast).toList(),
        row.getInt(7),
        info);
  }

  /** Returns the tokens of the prompt of a row that begins with the columns of {@link #SCHEMA}. */
  public static int promptTokens(Row row) {
    return row.getInt(9);
  }

  /** Returns what scoring and reports need of such a row. */
  public static SampleSummary summary(Row row) {
    return SampleSummary.of(sample(row));
  }
}
