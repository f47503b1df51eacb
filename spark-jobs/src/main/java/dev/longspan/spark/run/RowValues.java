package dev.longspan.spark.run;

import java.util.List;
import java.util.Map;
import scala.collection.Seq;
import scala.jdk.javaapi.CollectionConverters;

/** Collections in a row are Scala's. */
final class RowValues {
  private RowValues() {}

  static Seq<?> seq(List<?> list) {
    return CollectionConverters.asScala(list).toSeq();
  }

  static scala.collection.Map<?, ?> map(Map<?, ?> map) {
    return CollectionConverters.asScala(map);
  }

  static List<?> list(Object seq) {
    return CollectionConverters.asJava((Seq<?>) seq);
  }

  static Map<?, ?> javaMap(Object map) {
    return CollectionConverters.asJava((scala.collection.Map<?, ?>) map);
  }
}
