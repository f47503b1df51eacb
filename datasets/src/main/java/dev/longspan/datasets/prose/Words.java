package dev.longspan.datasets.prose;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** The word lists that generated texts, keys and names are made of. */
public final class Words {
  private static final Map<String, List<String>> LISTS = load("words.json");

  private Words() {}

  /**
   * Returns the list called {@code name}.
   *
   * @throws IllegalArgumentException if there is none of that name
   */
  public static List<String> list(String name) {
    List<String> list = LISTS.get(name);
    if (list == null) {
      throw new IllegalArgumentException(
          "No word list is called " + name + "; there are " + LISTS.keySet());
    }
    return list;
  }

  /** Returns a random element of {@code list}. */
  public static <T> T pick(List<T> list, Random random) {
    return list.get(random.nextInt(list.size()));
  }

  static Map<String, List<String>> load(String resource) {
    try (InputStream in = Words.class.getResourceAsStream(resource)) {
      return new ObjectMapper().readValue(in, new TypeReference<Map<String, List<String>>>() {});
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read the resource " + resource, e);
    }
  }
}
