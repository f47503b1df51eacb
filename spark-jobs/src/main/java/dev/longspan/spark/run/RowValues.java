package dev.longspan.spark.run;

import java.util.List;
import java.util.Map;
import scala.collection.Seq;
import scala.jdk.javaapi.CollectionConverters;

/** Java's view of the collections in a row: Scala's when Spark made it, Java's when we did. */
final class RowValues {
  private RowValues() {}

  static List<?> list(Object value) {
    return value instanceof List<?> list ? list : CollectionConverters.asJava((Seq<?>) value);
  }

  static Map<?, ?> map(Object value) {
    return value instanceof Map<?, ?> map
        ? map
        : CollectionConverters.asJava((scala.collection.Map<?, ?>) value);
  }
}
