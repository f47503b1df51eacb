package dev.longspan.spark.job;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 over a list of texts, each preceded by its length so that no two lists look alike. */
public final class Digest {
  private final MessageDigest sha;

  /** Starts with nothing. */
  public Digest() {
    try {
      sha = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  /** Adds a text. */
  public Digest add(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    sha.update(ByteBuffer.allocate(Integer.BYTES).putInt(bytes.length).flip());
    sha.update(bytes);
    return this;
  }

  /** Adds a number. */
  public Digest add(long number) {
    return add(Long.toString(number));
  }

  /** Returns the digest in hexadecimal. */
  public String hex() {
    return HexFormat.of().formatHex(sha.digest());
  }
}
