package dev.longspan.datasets.ruler;

import dev.longspan.datasets.DatasetException;
import dev.longspan.datasets.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * A data file and the name by which results call it.
 *
 * @param id file name and the beginning of the content's SHA-256
 * @param json the content
 */
record Source(String id, Json json) {
  private static final int DIGITS = 12;

  /** Reads the JSON in {@code file}. */
  static Source read(Path file) {
    try {
      byte[] content = Files.readAllBytes(file);
      MessageDigest digest = sha256();
      digest.update(content);
      String text = new String(content, StandardCharsets.UTF_8);
      return new Source(id(file, digest), Json.parse(file.toString(), text));
    } catch (IOException e) {
      throw new DatasetException("Cannot read " + file + ": " + e, e);
    }
  }

  /** Returns the name of a file whose content went through {@code digest}. */
  static String id(Path file, MessageDigest digest) {
    String hex = HexFormat.of().formatHex(digest.digest());
    return "file:" + file.getFileName() + " sha256:" + hex.substring(0, DIGITS);
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java platform has SHA-256", e);
    }
  }
}
