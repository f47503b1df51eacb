package dev.longspan.spark.run;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** The one JSON mapper, and the difference of two trees in words. */
public final class Json {
  /** Reads and writes indented JSON. */
  public static final ObjectMapper MAPPER =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private Json() {}

  /** Returns one line for each leaf that differs: {@code path: there -> here}. */
  static List<String> differences(String path, JsonNode there, JsonNode here) {
    List<String> lines = new ArrayList<>();
    if (there.isObject() && here.isObject()) {
      Set<String> names = new LinkedHashSet<>();
      there.fieldNames().forEachRemaining(names::add);
      here.fieldNames().forEachRemaining(names::add);
      for (String name : names) {
        String inner = path.isEmpty() ? name : path + "." + name;
        lines.addAll(differences(inner, there.path(name), here.path(name)));
      }
    } else if (there.isArray() && here.isArray() && there.size() == here.size() && hasTrees(here)) {
      for (int i = 0; i < here.size(); i++) {
        lines.addAll(differences(path + "[" + i + "]", there.get(i), here.get(i)));
      }
    } else if (!there.toString().equals(here.toString())) {
      lines.add(path + ": " + words(there) + " there, " + words(here) + " asked");
    }
    return lines;
  }

  private static boolean hasTrees(JsonNode array) {
    return !array.isEmpty() && array.get(0).isObject();
  }

  private static String words(JsonNode node) {
    return node.isMissingNode() || node.isNull() ? "nothing" : node.toString();
  }
}
