package dev.longspan.datasets.livecodebench;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/**
 * Decodes private tests: base64 of zlib of a pickled string of JSON.
 *
 * <p>A pickle is a program for its reader. This one runs none: it accepts the few opcodes that
 * store one string and refuses everything else.
 */
final class PrivateTests {
  private static final int PROTO = 0x80;
  private static final int FRAME = 0x95;
  private static final int MEMOIZE = 0x94;
  private static final int BINPUT = 'q';
  private static final int SHORT_STRING = 0x8c;
  private static final int STRING = 'X';
  private static final int LONG_STRING = 0x8d;
  private static final int STOP = '.';

  private PrivateTests() {}

  /**
   * Returns the JSON text.
   *
   * @throws IllegalArgumentException if a layer is damaged or the pickle holds anything but a
   *     string
   */
  static String decode(String encoded) {
    byte[] packed;
    try {
      packed = Base64.getDecoder().decode(encoded.strip());
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("neither JSON nor base64: " + e.getMessage(), e);
    }
    return unpickle(Deflate.unpack(packed));
  }

  private static String unpickle(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    String text = null;
    while (in.hasRemaining()) {
      int at = in.position();
      int opcode = in.get() & 0xff;
      switch (opcode) {
        case PROTO, BINPUT -> skip(in, 1);
        case FRAME -> skip(in, 8);
        case MEMOIZE -> skip(in, 0);
        case SHORT_STRING -> text = only(text, in, need(in, 1) ? in.get() & 0xff : -1);
        case STRING -> text = only(text, in, need(in, 4) ? in.getInt() : -1);
        case LONG_STRING -> text = only(text, in, need(in, 8) ? in.getLong() : -1);
        case STOP -> {
          if (text == null) {
            throw new IllegalArgumentException("the pickle holds no string");
          }
          return text;
        }
        default ->
            throw new IllegalArgumentException(
                String.format(
                    "opcode 0x%02x at byte %d of the pickle: only one string is accepted, nothing"
                        + " that could run code",
                    opcode, at));
      }
    }
    throw new IllegalArgumentException("the pickle has no end");
  }

  private static boolean need(ByteBuffer in, int bytes) {
    return in.remaining() >= bytes;
  }

  private static void skip(ByteBuffer in, int bytes) {
    if (!need(in, bytes)) {
      throw new IllegalArgumentException("the pickle has no end");
    }
    in.position(in.position() + bytes);
  }

  private static String only(String previous, ByteBuffer in, long length) {
    if (previous != null) {
      throw new IllegalArgumentException("the pickle holds more than one string");
    }
    if (length < 0 || length > in.remaining()) {
      throw new IllegalArgumentException(
          "a string of " + length + " bytes does not fit the pickle of " + in.limit());
    }
    String text = new String(in.array(), in.position(), (int) length, StandardCharsets.UTF_8);
    in.position(in.position() + (int) length);
    return text;
  }
}
