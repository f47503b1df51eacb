package dev.longspan.datasets.longbench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.datasets.DatasetException;
import dev.longspan.datasets.MiddleCut;
import dev.longspan.datasets.Sample;
import dev.longspan.datasets.SuiteRows;
import dev.longspan.datasets.Templates;
import dev.longspan.datasets.WordCodec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LongBenchTest {
  private static final MiddleCut ROOM = new MiddleCut(new WordCodec(), 10_000);

  @TempDir Path folder;

  private static String row(String id, String dataset, String classes) {
    return """
        {"input": "Who?", "context": "A $1 {input} text", "answers": ["Ada"], "length": 4200, \
        "dataset": "%s", "language": "en", "all_classes": %s, "_id": "%s"}
        """
        .formatted(dataset, classes, id);
  }

  private List<Sample> samples(String file, String content, LongBenchPrompts prompts)
      throws IOException {
    Path path = folder.resolve(file + ".jsonl");
    Files.createDirectories(path.getParent());
    Files.writeString(path, content);
    return SuiteRows.samples(new LongBench(prompts, null), SuiteRows.of(path), ROOM);
  }

  private Sample sample(String file, String content) throws IOException {
    return samples(file, content, LongBenchPrompts.own()).get(0);
  }

  private void assertRefused(String set, String content, String... parts) {
    String message = assertThrows(DatasetException.class, () -> sample(set, content)).getMessage();
    for (String part : parts) {
      assertTrue(message.contains(part), message);
    }
  }

  private Path templates(String json) throws IOException {
    return Files.writeString(folder.resolve("templates.json"), json);
  }

  @Test
  void thereAre21SetsInSixGroups() {
    assertEquals(21, LongBenchTask.all().size());
    assertEquals(
        Map.of(
            "single-doc",
            4L,
            "multi-doc",
            4L,
            "summary",
            4L,
            "few-shot",
            4L,
            "synthetic",
            3L,
            "code",
            2L),
        LongBenchTask.all().stream()
            .collect(Collectors.groupingBy(LongBenchTask::group, Collectors.counting())));
    assertEquals(13, LongBenchTask.all().stream().filter(LongBenchTask::buckets).count());
    assertEquals(6, LongBenchTask.all().stream().filter(task -> !task.chat()).count());
  }

  @Test
  void rowsBecomeSamples() throws IOException {
    Path file = templates("{\"prompts\": {\"qasper\": \"T: {context} Q: {input} {other}\"}}");
    Sample sample =
        samples("qasper", row("a1", "qasper", "null"), LongBenchPrompts.read(file)).get(0);
    assertEquals("qasper", sample.task());
    assertEquals("a1", sample.id());
    assertEquals(128, sample.maxNewTokens());
    assertEquals(List.of("Ada"), sample.references());
    // Places are filled once: what stands in a field stays, and so do other braces.
    assertEquals("T: A $1 {input} text Q: Who? {other}", sample.messages().get(0).content());
    assertEquals("4200", sample.info().get("length"));
    assertEquals("templates.json", sample.info().get("templates"));
    assertEquals("no", sample.info().get("cut"));
  }

  @Test
  void extendedSetsKeepTheirNameAndLength() throws IOException {
    Sample sample = sample("trec_e", row("a", "trec", "[\"X\", \"Y\"]"));
    assertEquals("trec_e", sample.task());
    assertEquals("[\"X\",\"Y\"]", sample.info().get("all_classes"));
    assertEquals("qasper_e", sample("rows", row("a", "qasper_e", "null")).task());
    assertEquals("lcc_e", sample("lcc_e/test-00000-of-00001", row("a", "lcc", "null")).task());
    assertEquals("lcc", sample("other_e", row("a", "lcc", "null")).task());
  }

  @Test
  void fewShotAndCodePromptsGoToTheModelBare() throws IOException {
    Sample sample = sample("lcc", row("a", "lcc", "null"));
    assertEquals(List.of(), sample.messages());
    assertTrue(sample.answerPrefix().contains("A $1 {input} text"), sample.answerPrefix());
  }

  @Test
  void longPromptsAreCutBeforeTheTemplateOfTheModel() throws IOException {
    LongBenchPrompts prompts =
        LongBenchPrompts.read(
            templates(
                "{\"prompts\": {\"qasper\": \"T: {context} Q: {input}\"},"
                    + " \"max_new_tokens\": {\"qasper\": 7}}"));
    Path file = Files.writeString(folder.resolve("q.jsonl"), row("a", "qasper", "null"));
    MiddleCut four = new MiddleCut(new WordCodec(), 4);
    Sample sample =
        SuiteRows.samples(new LongBench(prompts, null), SuiteRows.of(file), four).get(0);
    assertEquals("T:Q: Who?", sample.messages().get(0).content());
    assertEquals("to 4 tokens", sample.info().get("cut"));
    assertEquals(7, sample.maxNewTokens());
    assertEquals(
        99,
        SuiteRows.samples(new LongBench(prompts, 99), SuiteRows.of(file), four)
            .get(0)
            .maxNewTokens());
  }

  @Test
  void promptsLeaveRoomInTheWindow() {
    LongBench suite = new LongBench(LongBenchPrompts.own(), null);
    assertEquals(31_500, suite.promptLimit(32_768));
    assertEquals(512, suite.promptLimit(1024));
    LongBenchV2 two = new LongBenchV2(LongBenchV2.ownPrompts(), null);
    assertEquals(120_000, two.promptLimit(131_072));
    assertEquals(31_500, two.promptLimit(32_768));
  }

  @Test
  void wrongRowsAreRefusedByLineAndField() {
    assertRefused("qasper", row("a", "qaspar", "null"), "qasper.jsonl line 1", "\"dataset\"");
    assertRefused(
        "qasper",
        row("a", "qasper", "null") + row("a", "qasper", "null"),
        "qasper.jsonl row 2: the id 'a' of qasper occurs in ",
        "qasper.jsonl row 1 already");
    assertRefused(
        "trec", row("a", "trec", "null"), "\"all_classes\": expected the classes of trec");
    assertRefused(
        "qasper",
        row("a", "qasper", "null").replace("[\"Ada\"]", "[]"),
        "field \"answers\": expected at least one answer");
    assertRefused(
        "qasper", row("a", "qasper", "null").replace("4200", "\"long\""), "field \"length\"");
    assertRefused("qasper", row("a", "musique_e", "null"), "a set of LongBench-E", "musique_e");
    assertRefused("qasper", "\n", "nothing to ask of longbench: 0 rows were read");
  }

  @Test
  void templatesThatLackASetAreRefused() throws IOException {
    Path file = templates("{\"prompts\": {}}");
    String message =
        assertThrows(
                DatasetException.class,
                () -> samples("qasper", row("a", "qasper", "null"), LongBenchPrompts.read(file)))
            .getMessage();
    assertEquals(file + ": field \"prompts.qasper\": expected string, found nothing", message);
  }

  @Test
  void ownWordingCoversEverySetAndOwnRowsMostOfThem() throws IOException {
    LongBench suite = new LongBench(LongBenchPrompts.own(), null);
    List<Sample> own = SuiteRows.samples(suite, suite.own(), ROOM);
    assertEquals(14, own.size());
    assertEquals(
        List.of("code", "en", "zh"),
        own.stream().map(sample -> sample.info().get("language")).distinct().sorted().toList());
    for (LongBenchTask task : LongBenchTask.all()) {
      Sample sample = sample("rows", row("x", task.id(), "[\"A\"]"));
      String prompt = task.chat() ? sample.messages().get(0).content() : sample.answerPrefix();
      assertTrue(prompt.contains("A $1 {input} text"), task.id());
    }
  }

  @Test
  void versionTwoReadsBothLayoutsAndFillsItsPlacesInOrder() throws IOException {
    String row =
        """
        {"_id": "q1", "domain": "d", "difficulty": "easy", "length": "short", "question": " Q? ", \
        "choice_A": "a", "choice_B": "b", "choice_C": "c", "choice_D": "d", "answer": "C", \
        "context": " $Q$ said "}
        """;
    Path array = Files.writeString(folder.resolve("data.json"), "[" + row + "]");
    Path lines = Files.writeString(folder.resolve("data.jsonl"), row);
    Path wording =
        templates(
            "{\"0shot\": \"[$DOC$][$Q$][$C_A$$C_B$$C_C$$C_D$]\", \"0shot_no_context\": \"\"}");
    LongBenchV2 suite = new LongBenchV2(Templates.read(wording), null);
    for (Path file : List.of(array, lines)) {
      Sample sample = SuiteRows.samples(suite, file).get(0);
      // A place that the document spells is filled as well, as officially.
      assertEquals("[Q? said][Q?][abcd]", sample.messages().get(0).content());
      assertEquals(List.of("C"), sample.references());
      assertEquals("easy", sample.info().get("difficulty"));
    }
    Files.writeString(lines, row + row);
    String message =
        assertThrows(DatasetException.class, () -> SuiteRows.samples(suite, lines)).getMessage();
    assertTrue(message.contains("row 2: the id 'q1' of 0shot"), message);
    Files.writeString(array, "[" + row.replace("\"C\",", "\"E\",") + "]");
    message =
        assertThrows(DatasetException.class, () -> SuiteRows.samples(suite, array)).getMessage();
    assertTrue(
        message.contains("data.json row 1: field \"answer\": expected A, B, C or D, found E"),
        message);
  }

  @Test
  void versionTwoHasOwnQuestionsAndWording() {
    LongBenchV2 suite = new LongBenchV2(LongBenchV2.ownPrompts(), null);
    List<Sample> own = SuiteRows.samples(suite, suite.own(), ROOM);
    assertEquals(24, own.size());
    for (Sample sample : own) {
      String prompt = sample.messages().get(0).content();
      assertTrue(!prompt.contains("$"), prompt);
      if (sample.id().equals("own-01")) {
        assertTrue(prompt.contains("(B) A causeway replaced it"), prompt);
        assertEquals(sample.task().equals(LongBenchV2.ZERO_SHOT), prompt.contains("brass bell"));
      }
    }
  }
}
