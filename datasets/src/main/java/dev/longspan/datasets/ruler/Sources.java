package dev.longspan.datasets.ruler;

import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Names of data files in results: the file name and the beginning of its content's SHA-256. */
final class Sources {
  private static final int DIGITS = 12;

  private Sources() {}

  static String id(Path file, byte[] content) {
    MessageDigest digest = sha256();
    digest.update(content);
    return id(file, digest);
  }

  /** Returns the name for content that was digested piece by piece. */
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
