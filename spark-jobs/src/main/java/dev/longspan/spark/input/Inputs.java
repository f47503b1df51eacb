package dev.longspan.spark.input;

import com.fasterxml.jackson.databind.JsonNode;
import dev.longspan.datasets.Message;
import dev.longspan.spark.UsageException;
import dev.longspan.spark.run.Json;
import dev.longspan.spark.run.Locations;
import dev.longspan.spark.run.SampleTable;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.TreeSet;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.io.compress.CompressionCodec;
import org.apache.hadoop.io.compress.CompressionCodecFactory;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;
import org.apache.spark.util.TaskCompletionListener;

/** A user's files as the input of a job. A row that can't be read stays a row, with its problem. */
public final class Inputs {
  /** A sample and, where it can't be read, why. */
  public static final StructType SCHEMA =
      SampleTable.SCHEMA.add("problem", DataTypes.StringType, true);

  private Inputs() {}

  /** Reads files lazily; rows have {@link #SCHEMA}. */
  public static Dataset<Row> read(SparkSession spark, InputFiles input, InputSpec spec) {
    return switch (input.format()) {
      case JSONL -> perFile(spark, input.files(), spec, true);
      case TEXT -> perFile(spark, input.files(), spec, false);
      case PARQUET -> parquet(spark, input.files(), spec);
    };
  }

  /** One task a file: the number of a line is known only to who has read those before it. */
  private static Dataset<Row> perFile(
      SparkSession spark, List<String> files, InputSpec spec, boolean lines) {
    SerializableConfiguration conf =
        new SerializableConfiguration(spark.sparkContext().hadoopConfiguration());
    JavaRDD<Row> rows =
        JavaSparkContext.fromSparkContext(spark.sparkContext())
            .parallelize(files, files.size())
            .flatMap(
                file ->
                    lines
                        ? lines(conf.value(), new Path(file), spec)
                        : List.of(document(conf.value(), new Path(file), spec)).iterator());
    return spark.createDataFrame(rows, SCHEMA);
  }

  private static Row document(Configuration configuration, Path file, InputSpec spec)
      throws IOException {
    RowBuilder rows = new RowBuilder(spec);
    String name = Locations.name(file);
    try (InputStream in = open(configuration, file)) {
      String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      return text.isBlank()
          ? rows.problem(file.getName(), name, name + " is empty; there is nothing to answer.")
          : rows.prompt(file.getName(), name, List.of(Message.user(text)));
    }
  }

  private static InputStream open(Configuration configuration, Path file) throws IOException {
    FileSystem files = file.getFileSystem(configuration);
    CompressionCodec codec = new CompressionCodecFactory(configuration).getCodec(file);
    InputStream raw = files.open(file);
    return codec == null ? raw : codec.createInputStream(raw);
  }

  private static Iterator<Row> lines(Configuration configuration, Path file, InputSpec spec)
      throws IOException {
    BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(open(configuration, file), StandardCharsets.UTF_8));
    TaskContext.get().addTaskCompletionListener((TaskCompletionListener) end -> close(reader));
    return new Lines(reader, file, new JsonRows(spec));
  }

  private static void close(BufferedReader reader) {
    try {
      reader.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static final class Lines implements Iterator<Row> {
    private final BufferedReader reader;
    private final String file;
    private final String name;
    private final JsonRows rows;
    private long number;
    private String line;

    Lines(BufferedReader reader, Path file, JsonRows rows) {
      this.reader = reader;
      this.file = Locations.name(file);
      this.name = file.getName();
      this.rows = rows;
    }

    @Override
    public boolean hasNext() {
      try {
        while (line == null) {
          line = reader.readLine();
          if (line == null) {
            return false;
          }
          number++;
          if (line.isBlank()) {
            line = null;
          }
        }
        return true;
      } catch (IOException e) {
        throw new UncheckedIOException(file + ", after line " + number + ": " + e.getMessage(), e);
      }
    }

    @Override
    public Row next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      Row row = rows.row(name, file + ", line " + number, line);
      line = null;
      return row;
    }
  }

  private static Dataset<Row> parquet(SparkSession spark, List<String> files, InputSpec spec) {
    Dataset<Row> table;
    try {
      table = spark.read().parquet(files.toArray(String[]::new));
    } catch (Exception e) { // Scala throws checked exceptions too, without declaring them.
      throw new UsageException("The Parquet input can't be read: " + e.getMessage(), e);
    }
    Set<String> present = new TreeSet<>(List.of(table.columns()));
    List<Column> wanted = new ArrayList<>();
    for (String column : columns(spec, present)) {
      if (present.contains(column)) {
        wanted.add(functions.col(column));
      }
    }
    if (wanted.isEmpty()) {
      throw new UsageException(
          "The Parquet input has none of the columns that make a prompt; it has "
              + String.join(", ", present)
              + ". Name one with --text-column or --messages-column.");
    }
    // Rows go through JSON so that both formats are checked by the same rules.
    return table
        .select(
            functions.to_json(functions.struct(wanted.toArray(Column[]::new))).as("json"),
            functions.col("_metadata.file_path").as("file"),
            functions.col("_metadata.row_index").as("row"))
        .map(
            (MapFunction<Row, Row>)
                row -> {
                  Path file = new Path(row.getString(1));
                  String place = Locations.name(file) + ", row " + (row.getLong(2) + 1);
                  JsonNode node = Json.MAPPER.readTree(row.getString(0));
                  return new JsonRows(spec).row(file.getName(), place, node);
                },
            Encoders.row(SCHEMA));
  }

  private static List<String> columns(InputSpec spec, Set<String> present) {
    List<String> columns = new ArrayList<>();
    columns.add(spec.idColumn() == null ? "id" : spec.idColumn());
    if (spec.messagesColumn() != null) {
      columns.add(spec.messagesColumn());
    } else if (spec.textColumn() != null) {
      columns.add(spec.textColumn());
    } else {
      columns.add(present.contains("messages") ? "messages" : "text");
    }
    return columns;
  }
}
