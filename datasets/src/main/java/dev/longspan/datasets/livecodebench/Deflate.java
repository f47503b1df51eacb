package dev.longspan.datasets.livecodebench;

import java.io.ByteArrayOutputStream;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/** Bytes in zlib's format. */
final class Deflate {
  /** Larger than any real problem's tests, small enough to stop a decompression bomb. */
  private static final int MAX_BYTES = 1 << 30;

  private static final int CHUNK = 1 << 16;

  private Deflate() {}

  static byte[] pack(byte[] bytes) {
    Deflater deflater = new Deflater();
    try {
      deflater.setInput(bytes);
      deflater.finish();
      ByteArrayOutputStream out = new ByteArrayOutputStream(bytes.length / 4 + 64);
      byte[] chunk = new byte[CHUNK];
      while (!deflater.finished()) {
        out.write(chunk, 0, deflater.deflate(chunk));
      }
      return out.toByteArray();
    } finally {
      deflater.end();
    }
  }

  /**
   * Returns what was packed.
   *
   * @throws IllegalArgumentException if the bytes are damaged or would become too many
   */
  static byte[] unpack(byte[] packed) {
    Inflater inflater = new Inflater();
    try {
      inflater.setInput(packed);
      ByteArrayOutputStream out = new ByteArrayOutputStream(Math.min(4 * packed.length, MAX_BYTES));
      byte[] chunk = new byte[CHUNK];
      while (!inflater.finished()) {
        int n = inflater.inflate(chunk);
        if (n == 0) {
          throw new IllegalArgumentException(
              "zlib data ends early: " + packed.length + " bytes are not the whole");
        }
        out.write(chunk, 0, n);
        if (out.size() > MAX_BYTES) {
          throw new IllegalArgumentException("more than " + MAX_BYTES + " bytes of tests");
        }
      }
      return out.toByteArray();
    } catch (DataFormatException e) {
      throw new IllegalArgumentException("not zlib data: " + e.getMessage(), e);
    } finally {
      inflater.end();
    }
  }
}
