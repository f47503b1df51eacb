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
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;

/**
 * Files with official scores of real predictions, which may not be redistributed.
 *
 * <p>The environment variable LONGSPAN_CROSSCHECK names the folder that holds them. Tests that need
 * them are skipped where it is not set; others check the same rules on cases of our own.
 */
public final class Crosscheck {
  private static final String VARIABLE = "LONGSPAN_CROSSCHECK";
  private static final int BLOCK = 512;
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

  /** Returns the files of the archive {@code name}, a .tar.gz, by their names without folders. */
  public static Map<String, byte[]> archive(String name) throws IOException {
    byte[] tar = bytes(name);
    Map<String, byte[]> files = new HashMap<>();
    for (int at = 0; at + BLOCK <= tar.length && tar[at] != 0; ) {
      String path = new String(tar, at, 100, StandardCharsets.UTF_8).replaceAll("\0.*", "");
      String size = new String(tar, at + 124, 11, StandardCharsets.UTF_8).trim();
      int length = Integer.parseInt(size, 8);
      at += BLOCK;
      if (length > 0) {
        files.put(
            path.substring(path.lastIndexOf('/') + 1), Arrays.copyOfRange(tar, at, at + length));
      }
      at += (length + BLOCK - 1) / BLOCK * BLOCK;
    }
    return files;
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
