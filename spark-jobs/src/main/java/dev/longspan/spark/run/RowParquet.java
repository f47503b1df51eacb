package dev.longspan.spark.run;

import java.io.IOException;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.SimpleGroupFactory;
import org.apache.parquet.hadoop.ParquetReader;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.example.ExampleParquetWriter;
import org.apache.parquet.hadoop.example.GroupReadSupport;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.hadoop.util.HadoopStreams;
import org.apache.parquet.io.OutputFile;
import org.apache.parquet.io.PositionOutputStream;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;
import org.apache.parquet.schema.Types;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * Writes rows to one Parquet file that appears whole or not at all.
 *
 * <p>Spark's own writer commits when the whole stage is done, so that a killed run would lose every
 * finished row. A task calls this instead whenever it has a few rows: the file is written under a
 * hidden name, which Spark and other readers skip, and renamed when it is closed.
 */
public final class RowParquet {
  private static final String HIDDEN = ".";

  private RowParquet() {}

  /**
   * Writes {@code rows} to {@code target}.
   *
   * @param schema strings, integers, longs, doubles, booleans, and structs, arrays and maps of them
   * @throws IOException if the file cannot be written; nothing of it is left then
   */
  public static void write(
      Configuration configuration, Path target, StructType schema, Iterable<Row> rows)
      throws IOException {
    MessageType type = messageType(schema);
    FileSystem files = fileSystem(target, configuration);
    Path hidden =
        new Path(target.getParent(), HIDDEN + target.getName() + "." + UUID.randomUUID() + ".tmp");
    try {
      try (ParquetWriter<Group> writer =
          ExampleParquetWriter.builder(new HadoopFile(files, hidden))
              .withType(type)
              .withConf(configuration)
              .withCompressionCodec(CompressionCodecName.ZSTD)
              .build()) {
        SimpleGroupFactory groups = new SimpleGroupFactory(type);
        for (Row row : rows) {
          Group group = groups.newGroup();
          fill(group, schema, row);
          writer.write(group);
        }
      }
      if (!files.rename(hidden, target)) {
        throw new IOException("could not rename " + hidden + " to " + target);
      }
    } catch (IOException | RuntimeException e) {
      files.delete(hidden, false);
      throw e;
    }
  }

  /**
   * Reads every row of a file, page checksums included.
   *
   * @throws IOException if the file is torn, is no Parquet file, or a page does not match its
   *     checksum
   */
  public static void read(Configuration configuration, Path file, Consumer<Group> rows)
      throws IOException {
    Configuration checked = new Configuration(configuration);
    checked.setBoolean("parquet.page.verify-checksum.enabled", true);
    try (ParquetReader<Group> reader =
        ParquetReader.builder(new GroupReadSupport(), file).withConf(checked).build()) {
      for (Group group = reader.read(); group != null; group = reader.read()) {
        rows.accept(group);
      }
    } catch (RuntimeException e) {
      // The Parquet library reports what is not Parquet at all by a RuntimeException.
      throw new IOException(file + ": " + e.getMessage(), e);
    }
  }

  /** Returns the file system of {@code path}, without the checksum files of Hadoop's local one. */
  static FileSystem fileSystem(Path path, Configuration configuration) throws IOException {
    FileSystem files = path.getFileSystem(configuration);
    return files instanceof LocalFileSystem local ? local.getRawFileSystem() : files;
  }

  private static MessageType messageType(StructType schema) {
    Types.MessageTypeBuilder message = Types.buildMessage();
    for (StructField field : schema.fields()) {
      message.addField(type(field.name(), field.dataType(), field.nullable()));
    }
    return message.named("row");
  }

  private static Type type(String name, DataType type, boolean nullable) {
    Type.Repetition repetition = nullable ? Type.Repetition.OPTIONAL : Type.Repetition.REQUIRED;
    if (type instanceof StructType struct) {
      Types.GroupBuilder<org.apache.parquet.schema.GroupType> group = Types.buildGroup(repetition);
      for (StructField field : struct.fields()) {
        group.addField(type(field.name(), field.dataType(), field.nullable()));
      }
      return group.named(name);
    }
    if (type instanceof ArrayType array) {
      return Types.list(repetition)
          .element(type("element", array.elementType(), false))
          .named(name);
    }
    if (type instanceof MapType map) {
      return Types.map(repetition)
          .key(type("key", map.keyType(), false))
          .value(type("value", map.valueType(), false))
          .named(name);
    }
    if (type.equals(DataTypes.StringType)) {
      return Types.primitive(PrimitiveTypeName.BINARY, repetition)
          .as(LogicalTypeAnnotation.stringType())
          .named(name);
    }
    return Types.primitive(primitive(name, type), repetition).named(name);
  }

  private static PrimitiveTypeName primitive(String name, DataType type) {
    if (type.equals(DataTypes.IntegerType)) {
      return PrimitiveTypeName.INT32;
    }
    if (type.equals(DataTypes.LongType)) {
      return PrimitiveTypeName.INT64;
    }
    if (type.equals(DataTypes.DoubleType)) {
      return PrimitiveTypeName.DOUBLE;
    }
    if (type.equals(DataTypes.BooleanType)) {
      return PrimitiveTypeName.BOOLEAN;
    }
    throw new IllegalArgumentException("column " + name + " has the type " + type.simpleString());
  }

  private static void fill(Group group, StructType schema, Row row) {
    StructField[] fields = schema.fields();
    for (int i = 0; i < fields.length; i++) {
      if (!row.isNullAt(i)) {
        add(group, fields[i].name(), fields[i].dataType(), row.get(i));
      }
    }
  }

  private static void add(Group group, String name, DataType type, Object value) {
    if (type instanceof StructType struct) {
      fill(group.addGroup(name), struct, (Row) value);
    } else if (type instanceof ArrayType array) {
      Group list = group.addGroup(name);
      for (Object element : RowValues.list(value)) {
        add(list.addGroup("list"), "element", array.elementType(), element);
      }
    } else if (type instanceof MapType map) {
      Group entries = group.addGroup(name);
      for (Map.Entry<?, ?> entry : RowValues.javaMap(value).entrySet()) {
        Group pair = entries.addGroup("key_value");
        add(pair, "key", map.keyType(), entry.getKey());
        add(pair, "value", map.valueType(), entry.getValue());
      }
    } else if (value instanceof Integer number) {
      group.add(name, number);
    } else if (value instanceof Long number) {
      group.add(name, number);
    } else if (value instanceof Double number) {
      group.add(name, number);
    } else if (value instanceof Boolean flag) {
      group.add(name, flag);
    } else {
      group.add(name, (String) value);
    }
  }

  private record HadoopFile(FileSystem files, Path path) implements OutputFile {
    @Override
    public PositionOutputStream create(long blockSizeHint) throws IOException {
      return wrap(files.create(path, false));
    }

    @Override
    public PositionOutputStream createOrOverwrite(long blockSizeHint) throws IOException {
      return wrap(files.create(path, true));
    }

    private static PositionOutputStream wrap(FSDataOutputStream stream) {
      return HadoopStreams.wrap(stream);
    }

    @Override
    public boolean supportsBlockSize() {
      return false;
    }

    @Override
    public long defaultBlockSize() {
      return 0;
    }
  }
}
