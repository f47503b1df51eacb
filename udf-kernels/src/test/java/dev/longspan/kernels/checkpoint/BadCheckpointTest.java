package dev.longspan.kernels.checkpoint;

import static dev.longspan.kernels.checkpoint.SafetensorsFiles.entry;
import static dev.longspan.kernels.checkpoint.SafetensorsFiles.write;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every kind of damage is refused with a message that names the file and what is wrong. */
class BadCheckpointTest {
  private static final byte[] NONE = {};

  @TempDir Path folder;
  private Path file;

  @BeforeEach
  void nameTheFile() {
    file = folder.resolve("model.safetensors");
  }

  private void refused(String... parts) {
    String message =
        assertThrows(CheckpointException.class, () -> Checkpoint.open(folder)).getMessage();
    for (String part : parts) {
      assertTrue(message.contains(part), "expected <" + part + "> in <" + message + ">");
    }
  }

  private void refusedHeader(String header, int dataBytes, String... parts) throws IOException {
    write(file, header, new byte[dataBytes]);
    refused(parts);
    refused(file.toString());
  }

  @Test
  void missingFolder() {
    Path missing = folder.resolve("nowhere");
    String message =
        assertThrows(CheckpointException.class, () -> Checkpoint.open(missing)).getMessage();
    assertTrue(message.contains("model folder " + missing + " does not exist"), message);
  }

  @Test
  void emptyFolder() {
    refused(folder + " has no weights", "it holds nothing", "check the path");
  }

  @Test
  void picklesOnly() throws IOException {
    Files.write(folder.resolve("pytorch_model.bin"), NONE);
    Files.write(folder.resolve("config.json"), NONE);
    refused(
        folder + " has no weights",
        "pytorch_model.bin in Python's pickle format",
        "convert the weights to safetensors");
  }

  @Test
  void shardsWithoutIndex() throws IOException {
    for (int i = 1; i <= 6; i++) {
      Files.write(folder.resolve("model-0000" + i + "-of-00006.safetensors"), NONE);
    }
    refused("model-00001-of-00006.safetensors", "and 2 more", "the index", "fetch it too");
  }

  @Test
  void fileShorterThanItsLength() throws IOException {
    Files.write(file, new byte[5]);
    refused(file + " is truncated", "has 5 bytes");
  }

  @Test
  void headerLongerThanTheFile() throws IOException {
    write(file, 1000, "{}".getBytes(StandardCharsets.US_ASCII), NONE);
    refused(file + " is truncated", "header should have 1000 bytes", "only 2 follow");
  }

  @ParameterizedTest
  @ValueSource(longs = {100_000_001L, Long.MAX_VALUE, -1L})
  void headerBeyondTheLimit(long length) throws IOException {
    write(file, length, "{}".getBytes(StandardCharsets.US_ASCII), NONE);
    refused(
        file + " says that its header has " + Long.toUnsignedString(length) + " bytes",
        "more than 100000000 is refused");
  }

  @ParameterizedTest
  @ValueSource(strings = {"{\"a\":", "{} {}", "\u0000\u0000", "{'a':1}"})
  void headerThatIsNoJson(String header) throws IOException {
    refusedHeader(header, 0, "the header of " + file + " is not valid JSON", "fetch it again");
  }

  @ParameterizedTest
  @ValueSource(strings = {"[]", "7", "  "})
  void headerThatIsNoObject(String header) throws IOException {
    refusedHeader(header, 0, "the header of " + file + " does not hold a JSON object");
  }

  @Test
  void nameTwiceInAFile() throws IOException {
    refusedHeader(
        "{" + entry("w", "F32", "[1]", 0, 4) + "," + entry("w", "F32", "[1]", 4, 8) + "}",
        8,
        "Duplicate",
        "'w'");
  }

  @Test
  void truncatedData() throws IOException {
    refusedHeader(
        "{" + entry("a", "F32", "[1]", 0, 4) + "," + entry("w", "F32", "[2]", 4, 12) + "}",
        9,
        "is truncated: tensor w ends at byte 1",
        "the file has 1");
  }

  @Test
  void offsetsFarOutsideTheFile() throws IOException {
    refusedHeader(
        "{" + entry("w", "F32", "[1]", 1L << 40, (1L << 40) + 4) + "}",
        4,
        "has a gap before a tensor: w begins at data offset 1099511627776, expected 0");
  }

  @Test
  void overlappingTensors() throws IOException {
    refusedHeader(
        "{" + entry("a", "F32", "[2]", 0, 8) + "," + entry("b", "F32", "[2]", 4, 12) + "}",
        12,
        "has overlapping tensors: b begins at data offset 4, expected 8 where a ends");
  }

  @Test
  void gapBetweenTensors() throws IOException {
    refusedHeader(
        "{" + entry("a", "F32", "[1]", 0, 4) + "," + entry("b", "F32", "[1]", 8, 12) + "}",
        12,
        "has a gap before a tensor: b begins at data offset 8, expected 4 where a ends");
  }

  @Test
  void bytesAfterTheLastTensor() throws IOException {
    refusedHeader(
        "{" + entry("a", "F32", "[1]", 0, 4) + "}", 7, "has 3 bytes after its last tensor (a)");
  }

  @Test
  void sizeThatDoesNotFitTheShape() throws IOException {
    refusedHeader(
        "{" + entry("a", "BF16", "[3,5]", 0, 28) + "}",
        28,
        "tensor a whose size does not fit: BF16 x [3,5] needs 30 bytes",
        "hold 28");
  }

  @Test
  void sizeThatOverflows() throws IOException {
    refusedHeader(
        "{" + entry("a", "BF16", "[9223372036854775807,3]", 0, 28) + "}",
        28,
        "tensor a with impossible size");
  }

  @ParameterizedTest
  @ValueSource(strings = {"[-1]", "[1.5]", "[\"1\"]", "7", "[99999999999999999999]"})
  void shapeThatIsNoListOfIntegers(String shape) throws IOException {
    refusedHeader(
        "{" + entry("a", "F32", shape, 0, 4) + "}",
        4,
        "tensor a with shape " + shape + ", expected a list of integers from 0 up");
  }

  @ParameterizedTest
  @ValueSource(strings = {"[4,0]", "[0]", "[0,4,8]"})
  void offsetsThatAreNoRange(String offsets) throws IOException {
    refusedHeader(
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":" + offsets + "}}",
        4,
        "tensor a with data_offsets " + offsets + ", expected [begin, end]");
  }

  @Test
  void missingFields() throws IOException {
    refusedHeader("{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "data_offsets missing");
    refusedHeader("{\"a\":7}", 4, "tensor a of unknown dtype");
  }

  @Test
  void unknownDtype() throws IOException {
    refusedHeader(
        "{" + entry("a", "Q4_K", "[4]", 0, 4) + "}",
        4,
        "tensor a of unknown dtype \"Q4_K\"",
        "BF16, F16 and F32");
  }

  @Test
  void dtypeThatIsNoWeight() throws IOException {
    write(file, "{" + entry("a", "I8", "[4]", 0, 4) + "}", new byte[4]);
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      String message =
          assertThrows(CheckpointException.class, () -> checkpoint.tensor("a", 4)).getMessage();
      assertTrue(message.contains(file + " holds tensor a as I8, expected BF16"), message);
    }
  }

  @Test
  void missingAndMisshapenTensors() throws IOException {
    SafetensorsFiles.writeVectors(
        file, Map.of("layers.0.norm.weight", new float[3], "other", new float[1]));
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      String missing =
          assertThrows(
                  CheckpointException.class,
                  () -> checkpoint.tensor("model.layers.0.norm.weight", 3))
              .getMessage();
      assertTrue(
          missing.contains(
              folder
                  + " lacks tensor model.layers.0.norm.weight [3]; it has 2 tensors, among them"
                  + " layers.0.norm.weight:"),
          missing);
      String misshapen =
          assertThrows(
                  CheckpointException.class, () -> checkpoint.tensor("layers.0.norm.weight", 1, 3))
              .getMessage();
      assertTrue(
          misshapen.contains(
              file + " holds tensor layers.0.norm.weight with shape [3], expected [1, 3]"),
          misshapen);
    }
  }

  private void index(String weightMap) throws IOException {
    Files.writeString(
        folder.resolve("model.safetensors.index.json"), "{\"weight_map\":" + weightMap + "}");
  }

  private void shards() throws IOException {
    SafetensorsFiles.writeVectors(folder.resolve("a.safetensors"), Map.of("x", new float[2]));
    SafetensorsFiles.writeVectors(folder.resolve("b.safetensors"), Map.of("y", new float[3]));
  }

  @ParameterizedTest
  @ValueSource(strings = {"../a.safetensors", "/etc/passwd", "x/../../a.safetensors", ".", ""})
  void indexEntryThatLeavesTheFolder(String name) throws IOException {
    index("{\"x\":\"" + name + "\"}");
    refused("model.safetensors.index.json names the shard " + name, "leaves the model folder");
  }

  @Test
  void indexOfMissingShard() throws IOException {
    shards();
    index("{\"x\":\"a.safetensors\",\"z\":\"c.safetensors\"}");
    refused("index.json names the shard c.safetensors, which is missing");
  }

  @Test
  void indexOfTensorThatItsShardLacks() throws IOException {
    shards();
    index("{\"x\":\"b.safetensors\",\"y\":\"b.safetensors\"}");
    refused("says that tensor x is in b.safetensors, which does not hold it");
    index("{\"x\":\"a.safetensors\",\"y\":\"a.safetensors\",\"q\":\"b.safetensors\"}");
    refused("says that tensor q is in b.safetensors");
  }

  @Test
  void tensorInTwoShards() throws IOException {
    shards();
    SafetensorsFiles.writeVectors(
        folder.resolve("b.safetensors"), Map.of("x", new float[2], "y", new float[3]));
    index("{\"x\":\"a.safetensors\",\"y\":\"b.safetensors\"}");
    refused("tensor x is in both " + folder.resolve("a.safetensors") + " and ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"{}", "[]", "null", "{\"x\":7}"})
  void indexWithoutMap(String map) throws IOException {
    index(map);
    refused("model.safetensors.index.json", "expected");
  }

  @Test
  void indexThatIsNoJson() throws IOException {
    Files.writeString(folder.resolve("model.safetensors.index.json"), "{\n oops");
    refused("model.safetensors.index.json is not valid JSON", "line 2");
  }

  @Test
  void goodShardsStillOpen() throws IOException {
    shards();
    index("{\"x\":\"a.safetensors\",\"y\":\"./b.safetensors\"}");
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      assertTrue(checkpoint.names().containsAll(java.util.Set.of("x", "y")));
    }
  }

  @Test
  void damagedShardIsNamed() throws IOException {
    shards();
    Files.write(folder.resolve("b.safetensors"), new byte[3]);
    index("{\"x\":\"a.safetensors\",\"y\":\"b.safetensors\"}");
    refused(folder.resolve("b.safetensors") + " is truncated");
  }

  @Test
  void configThatIsMissing() throws IOException {
    SafetensorsFiles.writeVectors(file, Map.of("w", new float[1]));
    String message =
        assertThrows(CheckpointException.class, () -> Checkpoint.open(folder).digest())
            .getMessage();
    assertTrue(message.contains(folder.resolve("config.json").toString()), message);
  }
}
