package dev.longspan.kernels.checkpoint;

import static dev.longspan.kernels.checkpoint.SafetensorsFiles.entry;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointTest {
  private static final Path POCKET = Path.of("../datasets/models/pocket");

  @TempDir Path folder;

  private static float[] read(Tensor tensor) {
    float[] values = new float[(int) tensor.elements()];
    tensor.read(0, values, 0, values.length);
    return values;
  }

  @Test
  void readsTheShardsOfTheDefaultModel() {
    try (Checkpoint checkpoint = Checkpoint.open(POCKET)) {
      assertEquals(92, checkpoint.names().size());
      assertEquals(9_475_328, checkpoint.parameters());
      assertTrue(checkpoint.has("model.layers.9.mlp.down_proj.weight"));
      assertFalse(checkpoint.has("lm_head.weight"));
      Tensor norm = checkpoint.tensor("model.norm.weight", 256);
      assertEquals(Dtype.BF16, norm.dtype());
      assertArrayEquals(new long[] {256}, norm.shape());
      float[] first = new float[4];
      norm.read(0, first, 0, 4);
      assertArrayEquals(new float[] {1.8046875f, 1.8515625f, 1.796875f, 1.9375f}, first);
    }
  }

  @Test
  void readsEveryTypeFromAnyOffset() throws IOException {
    // The data begins at an odd byte: nothing in the format aligns it.
    String header =
        "{"
            + entry("b", "BF16", "[2,2]", 0, 8)
            + ","
            + entry("h", "F16", "[6]", 8, 20)
            + ","
            + entry("f", "F32", "[]", 20, 24)
            + ","
            + entry("none", "F32", "[0,3]", 24, 24)
            + ",\"__metadata__\":{\"format\":\"pt\"}}";
    header += header.length() % 2 == 0 ? " " : "";
    ByteBuffer data = ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN);
    for (int bits : new int[] {0x3f80, 0xc000, 0x7f80, 0x0001}) {
      data.putShort((short) bits);
    }
    for (int bits : new int[] {0x3c00, 0xc100, 0x0001, 0x83ff, 0x7bff, 0xfc00}) {
      data.putShort((short) bits);
    }
    data.putFloat(3.25f);
    SafetensorsFiles.write(folder.resolve("model.safetensors"), header, data.array());
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      Tensor b = checkpoint.tensor("b", 2, 2);
      assertArrayEquals(
          new float[] {1, -2, Float.POSITIVE_INFINITY, Float.intBitsToFloat(0x10000)}, read(b));
      short[] bits = {9, 9, 9, 9};
      b.readBf16(1, bits, 2, 2);
      assertArrayEquals(new short[] {9, 9, (short) 0xc000, 0x7f80}, bits);
      assertArrayEquals(
          new float[] {1, -2.5f, 0x1p-24f, -0x3ffp-24f, 65504, Float.NEGATIVE_INFINITY},
          read(checkpoint.tensor("h", 6)));
      assertArrayEquals(new float[] {3.25f}, read(checkpoint.tensor("f")));
      assertEquals(0, read(checkpoint.tensor("none", 0, 3)).length);
      assertEquals(Set.of("b", "f", "h", "none"), checkpoint.names());
      assertThrows(
          IllegalStateException.class,
          () -> checkpoint.tensor("h", 6).readBf16(0, new short[1], 0, 1));
    }
  }

  @Test
  void filesAreThoseThatTheIndexNames() throws IOException {
    for (String tensor : List.of("b", "a", "unused")) {
      Path file = folder.resolve(tensor + ".safetensors");
      SafetensorsFiles.writeVectors(file, Map.of(tensor, new float[2]));
    }
    Files.writeString(
        folder.resolve("model.safetensors.index.json"),
        "{\"weight_map\":{\"b\":\"b.safetensors\",\"a\":\"a.safetensors\"}}");
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      assertEquals(
          List.of(folder.resolve("a.safetensors"), folder.resolve("b.safetensors")),
          checkpoint.files());
    }
  }

  @Test
  void aFileThatHasBecomeShorterIsNamed() throws IOException {
    Path file = folder.resolve("model.safetensors");
    SafetensorsFiles.write(file, "{" + entry("b", "BF16", "[4]", 0, 8) + "}", new byte[8]);
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      Tensor tensor = checkpoint.tensor("b", 4);
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        channel.truncate(channel.size() - 1);
      }
      CheckpointException e =
          assertThrows(
              CheckpointException.class, () -> tensor.copyTo(1, ByteBuffer.allocateDirect(6), 3));
      assertTrue(e.getMessage().contains("has become shorter while tensor b"), e.getMessage());
    }
  }

  @Test
  void widensEveryHalfExactly() {
    for (int bits = 0; bits < 0x10000; bits++) {
      int exponent = bits >>> 10 & 31;
      int mantissa = bits & 1023;
      double sign = bits < 0x8000 ? 1 : -1;
      double want =
          exponent == 31
              ? (mantissa == 0 ? sign * Double.POSITIVE_INFINITY : Double.NaN)
              : exponent == 0
                  ? sign * mantissa * Math.pow(2, -24)
                  : sign * (1024 + mantissa) * Math.pow(2, exponent - 25);
      assertEquals((float) want, MappedTensor.halfToFloat((short) bits), "bits " + bits);
    }
  }

  @Test
  void readsTensorsBeyondTwoGigabytes() throws IOException {
    long elements = (1L << 30) + 5;
    Path file = folder.resolve("model.safetensors");
    String header = "{" + entry("big", "BF16", "[" + elements + "]", 0, 2 * elements) + "}";
    SafetensorsFiles.write(file, header, new byte[0]);
    long data = 8 + header.length();
    // 1.0 around the borders of the maps and at the end; the rest is a hole in the file.
    byte[] ones = {(byte) 0x80, 0x3f, (byte) 0x80, 0x3f};
    SafetensorsFiles.putAt(file, data + 2 * ((1L << 29) - 1), ones);
    SafetensorsFiles.putAt(file, data + 2 * ((1L << 30) - 1), ones);
    SafetensorsFiles.putAt(file, data + 2 * (elements - 2), ones);
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      Tensor big = checkpoint.tensor("big", elements);
      float[] around = new float[4];
      big.read((1L << 29) - 2, around, 0, 4);
      assertArrayEquals(new float[] {0, 1, 1, 0}, around);
      short[] bits = new short[7];
      big.readBf16((1L << 30) - 2, bits, 0, 7);
      assertArrayEquals(new short[] {0, 0x3f80, 0x3f80, 0, 0, 0x3f80, 0x3f80}, bits);
      ByteBuffer stored = ByteBuffer.allocateDirect(16).position(1);
      big.copyTo((1L << 29) - 2, stored, 4);
      assertEquals(9, stored.position());
      byte[] bytes = new byte[8];
      stored.get(1, bytes);
      assertArrayEquals(
          new byte[] {0, 0, (byte) 0x80, 0x3f, (byte) 0x80, 0x3f, 0, 0}, bytes, "as stored");
    }
  }

  @Test
  void aClosedCheckpointRefusesToBeRead() throws IOException {
    SafetensorsFiles.writeVectors(
        folder.resolve("model.safetensors"), Map.of("w", new float[] {1, 2}));
    Checkpoint checkpoint = Checkpoint.open(folder);
    Tensor tensor = checkpoint.tensor("w", 2);
    checkpoint.close();
    String read =
        assertThrows(IllegalStateException.class, () -> tensor.read(0, new float[2], 0, 2))
            .getMessage();
    assertTrue(read.contains("tensor w was read after its checkpoint was closed"), read);
    String asked =
        assertThrows(IllegalStateException.class, () -> checkpoint.tensor("w", 2)).getMessage();
    assertTrue(asked.contains("after the checkpoint " + folder + " was closed"), asked);
  }

  @Test
  void readingOutsideATensorNamesIt() throws IOException {
    SafetensorsFiles.writeVectors(
        folder.resolve("model.safetensors"), Map.of("w", new float[] {1, 2}));
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      Tensor tensor = checkpoint.tensor("w", 2);
      assertEquals(
          "tensor w [2]: elements 1 to 3 of 2 wanted at 0 of an array of 2",
          assertThrows(IndexOutOfBoundsException.class, () -> tensor.read(1, new float[2], 0, 2))
              .getMessage());
      assertThrows(IndexOutOfBoundsException.class, () -> tensor.read(0, new float[2], 1, 2));
      assertThrows(IndexOutOfBoundsException.class, () -> tensor.read(-1, new float[2], 0, 1));
    }
  }

  @Test
  void theDigestIsThatOfSha256sumAndSeesEveryByte() throws IOException {
    Files.writeString(folder.resolve("config.json"), "{}");
    Path weights = folder.resolve("model.safetensors");
    SafetensorsFiles.writeVectors(weights, Map.of("w", new float[] {1, 2}));
    String lines =
        Sha256.of(folder.resolve("config.json"))
            + "  config.json\n"
            + Sha256.of(weights)
            + "  model.safetensors\n";
    String digest = Checkpoint.open(folder).digest();
    assertEquals(Sha256.of(lines.getBytes(StandardCharsets.UTF_8)), digest);
    SafetensorsFiles.writeVectors(weights, Map.of("w", new float[] {1, 3}));
    assertNotEquals(digest, Checkpoint.open(folder).digest());
    // sha256sum config.json model-*.safetensors | sha256sum
    assertEquals(
        "4d5fa699bd1f185f7975b00bd92fbb6de78bc6f94709f483235949fa9d508f91",
        Checkpoint.open(POCKET).digest());
  }

  @Test
  void sha256KnowsTheTestVectorOfItsStandard() {
    assertEquals(
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        Sha256.of("abc".getBytes(StandardCharsets.US_ASCII)));
  }
}
