package dev.longspan.kernels.engine;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * Random numbers that are a function of seed, key and token index alone.
 *
 * <p>A request that is repeated, batched with others or preempted therefore draws the same tokens.
 * Seed and key choose a stream by SHA-256; within it, draw i is the i-th output of SplitMix64
 * (Steele, Lea and Flood, 2014), which can be computed without the earlier ones.
 */
final class Draws {
  private static final long GAMMA = 0x9E3779B97F4A7C15L;

  private final long stream;

  Draws(long seed, String key) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(ByteBuffer.allocate(Long.BYTES).putLong(0, seed));
      stream = ByteBuffer.wrap(digest.digest(key.getBytes(StandardCharsets.UTF_8))).getLong();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** Returns draw {@code index}, uniform in [0, 1). */
  double uniform(int index) {
    long z = stream + (index + 1L) * GAMMA;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    z ^= z >>> 31;
    return (z >>> 11) * 0x1p-53;
  }
}
