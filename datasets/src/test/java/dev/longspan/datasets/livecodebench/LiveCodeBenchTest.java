package dev.longspan.datasets.livecodebench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.zip.DeflaterOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LiveCodeBenchTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String TESTS = "[{\"input\":\"1\",\"output\":\"ä\",\"testtype\":\"stdin\"}]";

  @TempDir Path folder;

  private static ObjectNode row(String id, String date) {
    return JSON.createObjectNode()
        .put("question_id", id)
        .put("question_title", "t")
        .put("question_content", "q")
        .put("platform", "own")
        .put("contest_date", date)
        .put("difficulty", "easy")
        .put("starter_code", "")
        .put("public_test_cases", "[]")
        .put("private_test_cases", TESTS)
        .put("metadata", "{}");
  }

  private List<CodeProblem> read(ObjectNode... rows) throws IOException {
    Path file = folder.resolve("test.jsonl");
    Files.write(file, List.of(rows).stream().map(ObjectNode::toString).toList());
    return LiveCodeBench.read(file);
  }

  private String refusal(ObjectNode... rows) {
    return assertThrows(IllegalArgumentException.class, () -> read(rows)).getMessage();
  }

  /** Wraps a pickle the way the releases do. */
  private static String packed(byte[] pickle) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (DeflaterOutputStream zlib = new DeflaterOutputStream(out)) {
      zlib.write(pickle);
    }
    return Base64.getEncoder().encodeToString(out.toByteArray());
  }

  private static byte[] pickle(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(utf8.length + 18)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put(new byte[] {(byte) 0x80, 4, (byte) 0x95})
        .putLong(utf8.length + 7)
        .put((byte) 'X')
        .putInt(utf8.length)
        .put(utf8)
        .put((byte) 0x94)
        .put((byte) '.')
        .array();
  }

  @Test
  void readsPlainAndPackedTests() throws IOException {
    ObjectNode packed = row("b", "2024-08-31T00:00:00");
    packed.put("private_test_cases", packed(pickle(TESTS)));
    packed.put("metadata", "{\"func_name\": \"f\"}");
    List<CodeProblem> problems = read(row("a", "2024-08-31T00:00:00"), packed);
    assertEquals(problems.get(0).tests(), problems.get(1).tests());
    assertEquals("ä", problems.get(1).tests().get(0).output());
    assertEquals("f", problems.get(1).functionName());
    assertEquals(null, problems.get(0).functionName());
  }

  @Test
  void refusesAPickleThatCouldRunCode() throws IOException {
    byte[] global = "\u0080\u0004cos\nsystem\n.".getBytes(StandardCharsets.ISO_8859_1);
    ObjectNode row = row("a", "2024-08-31T00:00:00").put("private_test_cases", packed(global));
    assertTrue(
        refusal(row)
            .endsWith(
                "test.jsonl, line 1: private_test_cases: opcode 0x63 at byte 2 of the pickle: only"
                    + " one string is accepted, nothing that could run code"),
        refusal(row));
  }

  @Test
  void refusesDamagedTests() throws IOException {
    byte[] good = pickle(TESTS);
    byte[] cut = Arrays.copyOf(good, good.length - 20);
    ObjectNode row = row("a", "2024-08-31T00:00:00");
    assertTrue(
        refusal(row.put("private_test_cases", packed(cut))).contains("does not fit the pickle"));
    assertTrue(refusal(row.put("private_test_cases", "!")).contains("neither JSON nor base64"));
    assertTrue(refusal(row.put("private_test_cases", "AAAA")).contains("not zlib data"));
    assertTrue(
        refusal(row.put("private_test_cases", packed(good).substring(0, 24)))
            .contains("zlib data ends early"));
  }

  @Test
  void namesTheFieldThatIsWrong() {
    ObjectNode missing = row("a", "2024-08-31T00:00:00");
    missing.remove("platform");
    assertTrue(refusal(missing).endsWith("line 1: platform is missing"));
    assertTrue(refusal(row("a", "last summer")).contains("contest_date 'last summer' is not like"));
    assertTrue(
        refusal(row("a", "2024-08-31T00:00:00"), row("a", "2024-08-31T00:00:00"))
            .endsWith("line 2: question_id 'a' occurs twice"));
    assertTrue(
        refusal(row("a", "2024-08-31T00:00:00").put("private_test_cases", "[]"))
            .contains("both empty"));
  }

  @Test
  void windowsIncludeTheFirstMomentOfTheLastDay() throws IOException {
    List<CodeProblem> problems =
        read(
            row("a", "2024-08-31T00:00:00"),
            row("b", "2024-09-01T00:00:00"),
            row("c", "2024-09-01T20:00:00"));
    LocalDate day = LocalDate.of(2024, 9, 1);
    assertEquals(1, LiveCodeBench.window(problems, day, day).size());
    assertEquals(2, LiveCodeBench.window(problems, day, null).size());
    assertEquals(3, LiveCodeBench.window(problems, null, null).size());
  }
}
