package dev.longspan.spark.input;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.datasets.DatasetException;
import dev.longspan.datasets.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.hadoop.ParquetReader;
import org.apache.parquet.hadoop.example.GroupReadSupport;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.TimestampLogicalTypeAnnotation;
import org.apache.parquet.schema.Type;

/** Rows of a Parquet file as the JSON objects that they were made of. */
final class ParquetRows {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private ParquetRows() {}

  /** Reads one row at a time; the stream must be closed. */
  static Stream<Json> read(Configuration configuration, Path path, String name) throws IOException {
    ParquetReader<Group> reader =
        ParquetReader.builder(new GroupReadSupport(), path).withConf(configuration).build();
    return StreamSupport.stream(rows(reader, name), false).onClose(() -> close(reader));
  }

  private static Spliterator<Json> rows(ParquetReader<Group> reader, String name) {
    return new Spliterators.AbstractSpliterator<>(Long.MAX_VALUE, Spliterator.ORDERED) {
      private int row;

      @Override
      public boolean tryAdvance(Consumer<? super Json> action) {
        Group group;
        try {
          group = reader.read();
        } catch (IOException | RuntimeException e) {
          // The Parquet library reports what is not Parquet at all by a RuntimeException.
          throw new DatasetException("Cannot read " + name + ": " + e.getMessage(), e);
        }
        if (group != null) {
          row++;
          action.accept(Json.of(name + " row " + row, object(name, group)));
        }
        return group != null;
      }
    };
  }

  private static ObjectNode object(String name, Group group) {
    ObjectNode object = NODES.objectNode();
    GroupType type = group.getType();
    for (int field = 0; field < type.getFieldCount(); field++) {
      if (group.getFieldRepetitionCount(field) > 0) {
        object.set(type.getFieldName(field), value(name, group, field));
      }
    }
    return object;
  }

  private static JsonNode value(String name, Group group, int field) {
    Type type = group.getType().getType(field);
    if (type.isRepetition(Type.Repetition.REPEATED)) {
      ArrayNode array = NODES.arrayNode();
      for (int i = 0; i < group.getFieldRepetitionCount(field); i++) {
        array.add(value(name, group, field, i));
      }
      return array;
    }
    return value(name, group, field, 0);
  }

  private static JsonNode value(String name, Group group, int field, int index) {
    Type type = group.getType().getType(field);
    if (!type.isPrimitive()) {
      Group inner = group.getGroup(field, index);
      return type.getLogicalTypeAnnotation()
              instanceof LogicalTypeAnnotation.ListLogicalTypeAnnotation
          ? list(name, inner)
          : object(name, inner);
    }
    return switch (type.asPrimitiveType().getPrimitiveTypeName()) {
      case BINARY -> NODES.textNode(group.getString(field, index));
      case BOOLEAN -> NODES.booleanNode(group.getBoolean(field, index));
      case INT32 -> NODES.numberNode(group.getInteger(field, index));
      case INT64 ->
          type.getLogicalTypeAnnotation() instanceof TimestampLogicalTypeAnnotation stamp
              ? NODES.textNode(time(group.getLong(field, index), stamp))
              : NODES.numberNode(group.getLong(field, index));
      case FLOAT -> NODES.numberNode(group.getFloat(field, index));
      case DOUBLE -> NODES.numberNode(group.getDouble(field, index));
      default ->
          throw new DatasetException(
              "%s: column %s has the type %s, which no benchmark's rows have; convert it to text or numbers"
                  .formatted(name, type.getName(), type));
    };
  }

  /** A list is a group of one repeated field, whose elements may be wrapped once more. */
  private static ArrayNode list(String name, Group list) {
    ArrayNode array = NODES.arrayNode();
    for (int i = 0; i < list.getFieldRepetitionCount(0); i++) {
      Type repeated = list.getType().getType(0);
      boolean wrapped = !repeated.isPrimitive() && repeated.asGroupType().getFieldCount() == 1;
      if (!wrapped) {
        array.add(value(name, list, 0, i));
        continue;
      }
      Group element = list.getGroup(0, i);
      array.add(
          element.getFieldRepetitionCount(0) == 0 ? NODES.nullNode() : value(name, element, 0, 0));
    }
    return array;
  }

  private static String time(long stamp, TimestampLogicalTypeAnnotation type) {
    long perSecond =
        switch (type.getUnit()) {
          case MILLIS -> 1_000L;
          case MICROS -> 1_000_000L;
          case NANOS -> 1_000_000_000L;
        };
    Instant instant =
        Instant.ofEpochSecond(
            Math.floorDiv(stamp, perSecond),
            Math.floorMod(stamp, perSecond) * (1_000_000_000L / perSecond));
    return LocalDateTime.ofInstant(instant, ZoneOffset.UTC).toString();
  }

  private static void close(ParquetReader<Group> reader) {
    try {
      reader.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
