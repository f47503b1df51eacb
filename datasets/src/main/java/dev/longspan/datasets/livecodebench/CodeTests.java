package dev.longspan.datasets.livecodebench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.datasets.Json;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;

/**
 * What a program has to do to be right: the reference of a sample, kept as one text.
 *
 * @param function the method to call; null for programs that read standard input
 * @param tests public tests, then private ones
 */
public record CodeTests(String function, List<CodeTest> tests) {
  /** Longer texts are compressed: the tests of some problems are a hundred megabytes. */
  private static final int PLAIN = 4000;

  private static final String LABEL = "tests sha256 ";
  private static final ObjectMapper MAPPER = new ObjectMapper();

  /**
   * One input and what must come of it.
   *
   * @param input standard input, or one JSON value a line for the arguments of a method
   * @param output expected standard output, or the expected JSON value
   */
  public record CodeTest(String input, String output) {}

  /** Freezes the list. */
  public CodeTests {
    tests = List.copyOf(tests);
  }

  /** Returns the tests as a text: JSON, or base64 of deflated JSON where that is long. */
  public String pack() {
    ObjectNode root = MAPPER.createObjectNode().put("function", function);
    ArrayNode list = root.putArray("tests");
    tests.forEach(test -> list.addArray().add(test.input()).add(test.output()));
    try {
      String json = MAPPER.writeValueAsString(root);
      return json.length() <= PLAIN
          ? json
          : Base64.getEncoder().encodeToString(Deflate.pack(json.getBytes(StandardCharsets.UTF_8)));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("texts can be written as JSON", e);
    }
  }

  /**
   * Returns the tests of a text that {@link #pack} made.
   *
   * @param where what messages call it
   * @throws dev.longspan.datasets.DatasetException if it is none
   */
  public static CodeTests unpack(String where, String packed) {
    Json root = Json.parse(where, json(where, packed));
    return new CodeTests(
        root.has("function") ? root.text("function") : null,
        root.list("tests").stream()
            .map(
                test ->
                    new CodeTest(test.elements().get(0).asText(), test.elements().get(1).asText()))
            .toList());
  }

  private static String json(String where, String packed) {
    if (packed.startsWith("{")) {
      return packed;
    }
    try {
      byte[] json = Deflate.unpack(Base64.getDecoder().decode(packed));
      return new String(json, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw Json.parse(where, "{}").wrong("packed tests", "neither JSON nor base64 of it");
    }
  }

  /** Returns a short name of packed tests that tells them from all others: their SHA-256. */
  public static String label(String packed) {
    if (packed.startsWith(LABEL)) {
      return packed;
    }
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      return LABEL + HexFormat.of().formatHex(sha.digest(packed.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
