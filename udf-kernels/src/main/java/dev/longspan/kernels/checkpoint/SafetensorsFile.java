package dev.longspan.kernels.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * The header of one safetensors file: which tensor lies where, checked as a whole.
 *
 * <p>Layout: eight bytes with the header's length (little endian), the header as JSON, then the
 * tensors' bytes without a gap. Offsets in the header count from the end of the header.
 *
 * @param path the file
 * @param entries the tensors in file order
 */
record SafetensorsFile(Path path, List<Entry> entries) {
  private static final long MAX_HEADER = 100_000_000;

  /** Bytes per element of every type that the format defines, readable here or not. */
  private static final Map<String, Integer> ELEMENT_BYTES =
      Map.ofEntries(
          Map.entry("BOOL", 1),
          Map.entry("U8", 1),
          Map.entry("I8", 1),
          Map.entry("F8_E4M3", 1),
          Map.entry("F8_E5M2", 1),
          Map.entry("F8_E8M0", 1),
          Map.entry("U16", 2),
          Map.entry("I16", 2),
          Map.entry("F16", 2),
          Map.entry("BF16", 2),
          Map.entry("U32", 4),
          Map.entry("I32", 4),
          Map.entry("F32", 4),
          Map.entry("U64", 8),
          Map.entry("I64", 8),
          Map.entry("F64", 8),
          Map.entry("C64", 8));

  /**
   * One tensor of the file.
   *
   * @param dtype type name as stored; may be one that cannot be read as a weight
   * @param offset first byte, from the start of the file
   * @param bytes size
   */
  record Entry(String name, String dtype, long[] shape, long offset, long bytes) {}

  /**
   * Reads and checks the header.
   *
   * @throws CheckpointException if the file is not a well-formed safetensors file
   */
  static SafetensorsFile open(Path path) {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      long size = channel.size();
      if (size < 8) {
        throw bad(path, "is truncated: it has " + size + " bytes, fewer than the 8 of its length");
      }
      long header = read(channel, path, 0, 8).getLong(0);
      // The length is unsigned: values from 2^63 on read as negative.
      if (header < 0 || header > MAX_HEADER) {
        throw bad(
            path,
            "says that its header has "
                + Long.toUnsignedString(header)
                + " bytes; more than "
                + MAX_HEADER
                + " is refused, so this is not a safetensors file or it is damaged");
      }
      if (header > size - 8) {
        throw bad(
            path,
            "is truncated: its header should have "
                + header
                + " bytes, but only "
                + (size - 8)
                + " follow");
      }
      byte[] json = read(channel, path, 8, (int) header).array();
      JsonNode root = JsonFiles.object("the header of " + path, json);
      return new SafetensorsFile(path, entries(path, root, 8 + header, size));
    } catch (IOException e) {
      throw new CheckpointException(path + " cannot be read: " + e, e);
    }
  }

  private static ByteBuffer read(FileChannel channel, Path path, long at, int count)
      throws IOException {
    ByteBuffer to = ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
    if (!fill(to, channel, at)) {
      throw bad(path, "ended while it was read: another process is writing it");
    }
    return to;
  }

  /**
   * Fills a buffer, whose position is 0, with what a file has from byte {@code at} on.
   *
   * @return whether the file had enough
   */
  static boolean fill(ByteBuffer to, FileChannel channel, long at) throws IOException {
    while (to.hasRemaining()) {
      if (channel.read(to, at + to.position()) < 0) {
        return false;
      }
    }
    return true;
  }

  private static List<Entry> entries(Path path, JsonNode root, long dataStart, long size) {
    List<Entry> entries = new ArrayList<>(root.size());
    for (Map.Entry<String, JsonNode> field : root.properties()) {
      if (!field.getKey().equals("__metadata__")) {
        entries.add(entry(path, field.getKey(), field.getValue(), dataStart));
      }
    }
    entries.sort(Comparator.comparingLong(Entry::offset).thenComparingLong(Entry::bytes));
    long end = dataStart;
    String before = "the header";
    for (Entry e : entries) {
      if (e.offset != end) {
        throw bad(
            path,
            (e.offset < end ? "has overlapping tensors: " : "has a gap before a tensor: ")
                + e.name
                + " begins at data offset "
                + (e.offset - dataStart)
                + ", expected "
                + (end - dataStart)
                + " where "
                + before
                + " ends");
      }
      end += e.bytes;
      before = e.name;
      if (end > size) {
        throw bad(
            path,
            "is truncated: tensor "
                + e.name
                + " ends at byte "
                + end
                + ", the file has "
                + size
                + " bytes");
      }
    }
    if (end != size) {
      throw bad(
          path,
          "has " + (size - end) + " bytes after its last tensor (" + before + "), expected none");
    }
    return List.copyOf(entries);
  }

  private static Entry entry(Path path, String name, JsonNode node, long dataStart) {
    String dtype = node.path("dtype").asText(null);
    Integer elementBytes = dtype == null ? null : ELEMENT_BYTES.get(dtype);
    if (elementBytes == null) {
      throw bad(
          path,
          "has tensor "
              + name
              + " of unknown dtype "
              + node.path("dtype")
              + "; weights are read from BF16, F16 and F32");
    }
    long[] shape = integers(path, name, "shape", node.path("shape"));
    long[] offsets = integers(path, name, "data_offsets", node.path("data_offsets"));
    if (offsets.length != 2 || offsets[0] > offsets[1]) {
      throw bad(
          path,
          "has tensor "
              + name
              + " with data_offsets "
              + node.path("data_offsets")
              + ", expected [begin, end] with begin <= end");
    }
    long bytes;
    try {
      bytes = elementBytes;
      for (long d : shape) {
        bytes = Math.multiplyExact(bytes, d);
      }
      Math.addExact(dataStart, offsets[1]);
    } catch (ArithmeticException e) {
      throw bad(path, "has tensor " + name + " with impossible size: " + node);
    }
    if (bytes != offsets[1] - offsets[0]) {
      throw bad(
          path,
          "has tensor "
              + name
              + " whose size does not fit: "
              + dtype
              + " x "
              + node.path("shape")
              + " needs "
              + bytes
              + " bytes, data_offsets "
              + node.path("data_offsets")
              + " hold "
              + (offsets[1] - offsets[0]));
    }
    return new Entry(name, dtype, shape, dataStart + offsets[0], bytes);
  }

  private static long[] integers(Path path, String name, String key, JsonNode array) {
    long[] values = new long[array.size()];
    boolean good = array.isArray();
    for (int i = 0; good && i < values.length; i++) {
      JsonNode v = array.get(i);
      good = v.isIntegralNumber() && v.canConvertToLong() && v.longValue() >= 0;
      values[i] = v.longValue();
    }
    if (!good) {
      throw bad(
          path,
          "has tensor "
              + name
              + " with "
              + key
              + " "
              + (array.isMissingNode() ? "missing" : array)
              + ", expected a list of integers from 0 up");
    }
    return values;
  }

  private static CheckpointException bad(Path path, String what) {
    return new CheckpointException(path + " " + what + "; fetch or convert the file again");
  }
}
