package dev.longspan.eval;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;

/**
 * Files with official scores of real predictions, which may not be redistributed.
 *
 * <p>The environment variable LONGSPAN_CROSSCHECK names the folder that holds them. Tests that need
 * them are skipped where it is not set; others check the same rules on cases of our own.
 */
public final class Crosscheck {
  private static final String VARIABLE = "LONGSPAN_CROSSCHECK";
  private static final ObjectMapper JSON = new ObjectMapper();

  private Crosscheck() {}

  /** Returns the path of {@code name}, or skips the test that asks. */
  public static Path path(String name) {
    String folder = System.getenv(VARIABLE);
    assumeTrue(folder != null, VARIABLE + " is not set: no official scores to compare with");
    Path path = Path.of(folder, name);
    assumeTrue(Files.exists(path), VARIABLE + " has no " + name + ": nothing to compare with");
    return path;
  }

  /** Returns the content of the file {@code name}, decompressed if it ends in .gz. */
  public static byte[] bytes(String name) throws IOException {
    Path path = path(name);
    if (!name.endsWith(".gz")) {
      return Files.readAllBytes(path);
    }
    try (InputStream in = new GZIPInputStream(Files.newInputStream(path))) {
      return in.readAllBytes();
    }
  }

  /** Returns the JSON document in the file {@code name}. */
  public static JsonNode json(String name) throws IOException {
    return JSON.readTree(bytes(name));
  }

  /** Returns the JSON documents in the lines of the file {@code name}. */
  public static List<JsonNode> lines(String name) throws IOException {
    return lines(bytes(name));
  }

  /** Returns the JSON documents in the lines of {@code content}. */
  public static List<JsonNode> lines(byte[] content) throws IOException {
    List<JsonNode> rows = new ArrayList<>();
    // Only a line feed ends a row: U+0085 and U+2028 may stand inside one.
    for (String line : new String(content, StandardCharsets.UTF_8).split("\n")) {
      if (!line.isBlank()) {
        rows.add(JSON.readTree(line));
      }
    }
    return rows;
  }
}
