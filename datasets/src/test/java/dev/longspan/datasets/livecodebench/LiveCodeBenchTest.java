package dev.longspan.datasets.livecodebench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.datasets.DatasetException;
import dev.longspan.datasets.MiddleCut;
import dev.longspan.datasets.Sample;
import dev.longspan.datasets.SuiteRows;
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
import java.util.Map;
import java.util.stream.Stream;
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

  private Path file(String name, ObjectNode... rows) throws IOException {
    return Files.write(
        folder.resolve(name), List.of(rows).stream().map(ObjectNode::toString).toList());
  }

  private static LiveCodeBench suite(Releases releases, LocalDate from, LocalDate to) {
    return new LiveCodeBench(LiveCodeBench.ownPrompts(), releases, from, to, null);
  }

  private List<Sample> read(ObjectNode... rows) throws IOException {
    return SuiteRows.samples(suite(Releases.ALL, null, null), file("test.jsonl", rows));
  }

  private static CodeTests tests(Sample sample) {
    return CodeTests.unpack("sample", sample.references().get(0));
  }

  private String refusal(ObjectNode... rows) {
    return assertThrows(DatasetException.class, () -> read(rows)).getMessage();
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
    List<Sample> samples = read(row("a", "2024-08-31T00:00:00"), packed);
    assertEquals(tests(samples.get(0)).tests(), tests(samples.get(1)).tests());
    assertEquals("ä", tests(samples.get(1)).tests().get(0).output());
    assertEquals("f", tests(samples.get(1)).function());
    assertEquals(null, tests(samples.get(0)).function());
  }

  @Test
  void manyTestsArePackedAndComeBackWhole() {
    CodeTests many =
        new CodeTests(
            null,
            Stream.iterate(0, i -> i + 1)
                .limit(2000)
                .map(i -> new CodeTests.CodeTest("in " + i, "out ü" + i))
                .toList());
    String packed = many.pack();
    assertTrue(packed.length() < 20_000, "" + packed.length());
    assertEquals(many, CodeTests.unpack("sample", packed));
    assertEquals("tests sha256 ".length() + 64, CodeTests.label(packed).length());
    assertEquals(CodeTests.label(packed), CodeTests.label(CodeTests.label(packed)));
    String message =
        assertThrows(DatasetException.class, () -> CodeTests.unpack("sample 7", "AAAA"))
            .getMessage();
    assertEquals("sample 7: expected packed tests, found neither JSON nor base64 of it", message);
  }

  @Test
  void questionsAreAskedByKind() throws IOException {
    ObjectNode method = row("b", "2024-08-31T00:00:00").put("starter_code", "class Solution:");
    List<Sample> samples = read(row("a", "2024-08-31T00:00:00"), method);
    assertEquals("system", samples.get(0).messages().get(0).role());
    String stdin = samples.get(0).messages().get(1).content();
    assertTrue(stdin.contains("standard input") && stdin.contains("\n\nq\n\n"), stdin);
    String functional = samples.get(1).messages().get(1).content();
    assertTrue(functional.contains("```python\nclass Solution:\n```"), functional);
    assertEquals("easy", samples.get(0).info().get("difficulty"));
    assertEquals(512, samples.get(0).maxNewTokens());
  }

  @Test
  void ownProblemsAreADozenOfBothKinds() {
    LiveCodeBench suite = suite(Releases.ALL, null, null);
    List<Sample> own = SuiteRows.samples(suite, suite.own(), MiddleCut.NONE);
    assertEquals(12, own.size());
    assertEquals(4, own.stream().filter(sample -> tests(sample).function() != null).count());
    assertTrue(own.stream().allMatch(sample -> tests(sample).tests().size() >= 4));
    assertEquals(
        3,
        own.stream()
            .filter(s -> s.messages().get(1).content().matches("(?s).*[\u4e00-\u9fff].*"))
            .count());
  }

  @Test
  void refusesAPickleThatCouldRunCode() throws IOException {
    byte[] global = "\u0080\u0004cos\nsystem\n.".getBytes(StandardCharsets.ISO_8859_1);
    ObjectNode row = row("a", "2024-08-31T00:00:00").put("private_test_cases", packed(global));
    assertTrue(
        refusal(row)
            .endsWith(
                "test.jsonl line 1: field \"private_test_cases\": expected JSON, or the releases'"
                    + " packed form of it, found opcode 0x63 at byte 2 of the pickle: only one"
                    + " string is accepted, nothing that could run code"),
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
    assertTrue(
        refusal(missing).endsWith("line 1: field \"platform\": expected string, found nothing"));
    assertTrue(
        refusal(row("a", "last summer"))
            .contains("\"contest_date\": expected a time like 2024-08-31T00:00:00, found last"));
    assertTrue(
        refusal(row("a", "2024-08-31T00:00:00").put("metadata", "{"))
            .contains("line 1: field \"metadata\": not JSON"));
    assertTrue(
        refusal(row("a", "2024-08-31T00:00:00"), row("a", "2024-08-31T00:00:00"))
            .contains("row 2: the id 'a' of codegeneration occurs in "));
    assertTrue(
        refusal(row("a", "2024-08-31T00:00:00").put("private_test_cases", "[]"))
            .contains("\"private_test_cases\": expected tests here or in public_test_cases"));
  }

  @Test
  void windowsIncludeTheFirstMomentOfTheLastDay() throws IOException {
    Path file =
        file(
            "test.jsonl",
            row("a", "2024-08-31T00:00:00"),
            row("b", "2024-09-01T00:00:00"),
            row("c", "2024-09-01T20:00:00"));
    LocalDate day = LocalDate.of(2024, 9, 1);
    assertEquals(1, SuiteRows.samples(suite(Releases.ALL, day, day), file).size());
    assertEquals(2, SuiteRows.samples(suite(Releases.ALL, day, null), file).size());
    assertEquals(3, SuiteRows.samples(suite(Releases.ALL, null, null), file).size());
  }

  @Test
  void releasesAreToldByTheFiles() throws IOException {
    ObjectNode row = row("a", "2024-08-31T00:00:00").put("platform", "atcoder");
    Map<String, List<Integer>> wanted =
        Map.of(
            "release_v2",
            List.of(1, 2),
            "v2",
            List.of(2),
            "v2_v3",
            List.of(2, 3),
            "v1",
            List.of(1));
    for (Map.Entry<String, List<Integer>> release : wanted.entrySet()) {
      for (int increment = 1; increment <= 3; increment++) {
        Path file = file("test" + (increment == 1 ? "" : increment) + ".jsonl", row);
        LiveCodeBench suite = suite(Releases.parse(release.getKey()), null, null);
        assertEquals(
            release.getValue().contains(increment) ? 1 : 0,
            suite.names(SuiteRows.of(file).get(0)).size(),
            release.getKey() + " " + file);
      }
    }
    Path other = file("rows.jsonl", row);
    String message =
        assertThrows(
                DatasetException.class,
                () -> SuiteRows.samples(suite(Releases.parse("v5"), null, null), other))
            .getMessage();
    assertTrue(message.contains("does not say which increment"), message);
    for (String wrong : List.of("5", "v0", "v4_v3", "release_v1_v2", "latest")) {
      message = assertThrows(DatasetException.class, () -> Releases.parse(wrong)).getMessage();
      assertTrue(message.contains("no release '" + wrong + "'; use release_v5"), message);
    }
  }
}
