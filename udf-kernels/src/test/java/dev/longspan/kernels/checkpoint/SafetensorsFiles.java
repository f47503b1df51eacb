package dev.longspan.kernels.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.StringJoiner;

/** Writes safetensors files for tests, good ones and broken ones. */
final class SafetensorsFiles {
  private SafetensorsFiles() {}

  /** Writes a file of the given header text and data, with the header's true length. */
  static void write(Path file, String header, byte[] data) throws IOException {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    write(file, json.length, json, data);
  }

  /** Writes a file that claims a header of {@code headerLength} bytes. */
  static void write(Path file, long headerLength, byte[] header, byte[] data) throws IOException {
    ByteBuffer all =
        ByteBuffer.allocate(8 + header.length + data.length).order(ByteOrder.LITTLE_ENDIAN);
    all.putLong(headerLength).put(header).put(data);
    Files.write(file, all.array());
  }

  /** Writes a well-formed file of F32 vectors. */
  static void writeVectors(Path file, Map<String, float[]> vectors) throws IOException {
    StringJoiner header = new StringJoiner(",", "{", "}");
    ByteBuffer data = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN);
    vectors.forEach(
        (name, values) -> {
          int begin = data.position();
          for (float v : values) {
            data.putFloat(v);
          }
          header.add(entry(name, "F32", "[" + values.length + "]", begin, data.position()));
        });
    byte[] bytes = new byte[data.position()];
    data.flip().get(bytes);
    write(file, header.toString(), bytes);
  }

  /** Returns one header entry. */
  static String entry(String name, String dtype, String shape, long begin, long end) {
    return String.format(
        "\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}",
        name, dtype, shape, begin, end);
  }

  /** Makes a file longer without writing what is between: a sparse file where the system can. */
  static void putAt(Path file, long position, byte[] bytes) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(bytes), position);
    }
  }
}
