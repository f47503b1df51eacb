package dev.longspan.datasets;

import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The wording of a suite's prompts: our own, or that of a JSON file that the user brings.
 *
 * <p>Scores are comparable with published ones only if the wording is the official one.
 *
 * @param id name of the wording, which samples carry: the file's own {@code id}, else its name
 * @param root the texts by name
 */
public record Templates(String id, Json root) implements Serializable {
  /** Returns our own wording, a resource beside {@code owner}. */
  public static Templates own(Class<?> owner, String name) {
    try (InputStream in = owner.getResourceAsStream(name)) {
      return of(name, new String(in.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the wording " + name, e);
    }
  }

  /**
   * Reads a file.
   *
   * @throws DatasetException if it cannot be read, or is not JSON
   */
  public static Templates read(Path file) {
    try {
      return of(file.toString(), Files.readString(file));
    } catch (IOException e) {
      throw new DatasetException("Cannot read the templates file " + file + ": " + e, e);
    }
  }

  private static Templates of(String name, String text) {
    Json root = Json.parse(name, text);
    return new Templates(
        root.has("id") ? root.text("id") : Path.of(name).getFileName().toString(), root);
  }

  /**
   * Returns a text.
   *
   * @throws DatasetException if there is none of that name
   */
  public String text(String name) {
    return root.text(name);
  }
}
