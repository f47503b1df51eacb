package dev.longspan.datasets.longbench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.datasets.DatasetException;
import dev.longspan.datasets.Json;
import dev.longspan.datasets.MiddleCut;
import dev.longspan.datasets.Sample;
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

  private List<LongBenchRow> read(String set, String content) throws IOException {
    Files.writeString(folder.resolve(set + ".jsonl"), content);
    return LongBench.read(folder, set);
  }

  private void assertRefused(String set, String content, String... parts) {
    String message = assertThrows(DatasetException.class, () -> read(set, content)).getMessage();
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
    LongBenchRow row = read("qasper", row("a1", "qasper", "null")).get(0);
    Sample sample = LongBench.sample(row, LongBenchPrompts.read(file), ROOM);
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
    List<LongBenchRow> rows = read("trec_e", row("a", "trec", "[\"X\", \"Y\"]"));
    Sample sample = LongBench.sample(rows.get(0), LongBenchPrompts.own(), ROOM);
    assertEquals("trec_e", sample.task());
    assertEquals("[\"X\",\"Y\"]", sample.info().get("all_classes"));
    assertEquals("qasper_e", read("qasper", row("a", "qasper_e", "null")).get(0).set());
  }

  @Test
  void fewShotAndCodePromptsGoToTheModelBare() throws IOException {
    LongBenchRow row = read("lcc", row("a", "lcc", "null")).get(0);
    Sample sample = LongBench.sample(row, LongBenchPrompts.own(), ROOM);
    assertEquals(List.of(), sample.messages());
    assertTrue(sample.answerPrefix().contains("A $1 {input} text"), sample.answerPrefix());
  }

  @Test
  void longPromptsAreCutBeforeTheTemplateOfTheModel() throws IOException {
    LongBenchRow row = read("qasper", row("a", "qasper", "null")).get(0);
    LongBenchPrompts prompts =
        LongBenchPrompts.read(
            templates(
                "{\"prompts\": {\"qasper\": \"T: {context} Q: {input}\"},"
                    + " \"max_new_tokens\": {\"qasper\": 7}}"));
    Sample sample = LongBench.sample(row, prompts, new MiddleCut(new WordCodec(), 4));
    assertEquals("T:Q: Who?", sample.messages().get(0).content());
    assertEquals("to 4 tokens", sample.info().get("cut"));
    assertEquals(7, sample.maxNewTokens());
  }

  @Test
  void theSubfolderOfTheOfficialArchiveIsFound() throws IOException {
    Files.createDirectory(folder.resolve("data"));
    Files.writeString(folder.resolve("data/lcc.jsonl"), row("a", "lcc", "null"));
    assertEquals(1, LongBench.read(folder, "lcc").size());
    String message =
        assertThrows(DatasetException.class, () -> LongBench.read(folder, "trec")).getMessage();
    assertTrue(message.contains("no trec.jsonl in " + folder), message);
  }

  @Test
  void wrongRowsAreRefusedByLineAndField() {
    assertRefused("qasper", row("a", "qaspar", "null"), "qasper.jsonl line 1", "\"dataset\"");
    assertRefused(
        "qasper",
        row("a", "qasper", "null") + row("a", "qasper", "null"),
        "line 2: field \"_id\": expected an id that no other row of qasper has, found a again");
    assertRefused(
        "trec", row("a", "trec", "null"), "\"all_classes\": expected the classes of trec");
    assertRefused(
        "qasper",
        row("a", "qasper", "null").replace("[\"Ada\"]", "[]"),
        "field \"answers\": expected at least one answer");
    assertRefused(
        "qasper", row("a", "qasper", "null").replace("4200", "\"long\""), "field \"length\"");
    assertRefused("qasper", "\n", "qasper.jsonl", "no rows");
  }

  @Test
  void templatesThatLackASetAreRefused() throws IOException {
    LongBenchRow row = read("qasper", row("a", "qasper", "null")).get(0);
    Path file = templates("{\"prompts\": {}}");
    String message =
        assertThrows(
                DatasetException.class,
                () -> LongBench.sample(row, LongBenchPrompts.read(file), ROOM))
            .getMessage();
    assertEquals(file + ": field \"prompts.qasper\": expected string, found nothing", message);
  }

  @Test
  void ownWordingCoversEverySetAndOwnRowsMostOfThem() {
    List<LongBenchRow> rows = LongBench.own();
    assertEquals(14, rows.size());
    assertEquals(
        List.of("code", "en", "zh"),
        rows.stream().map(row -> row.task().language()).distinct().sorted().toList());
    for (LongBenchTask task : LongBenchTask.all()) {
      LongBenchRow any = rows.get(0);
      LongBenchRow row =
          new LongBenchRow(
              task, false, "x", "the input", "the context", any.answers(), 1, List.of());
      Sample sample = LongBench.sample(row, LongBenchPrompts.own(), ROOM);
      String prompt = task.chat() ? sample.messages().get(0).content() : sample.answerPrefix();
      assertTrue(prompt.contains("the context"), task.id());
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
    for (Path file : List.of(array, lines)) {
      Sample sample =
          LongBenchV2.sample(
              LongBenchV2.read(file).get(0),
              LongBenchV2.ZERO_SHOT,
              Json.parse("t", "{\"0shot\": \"[$DOC$][$Q$][$C_A$$C_B$$C_C$$C_D$]\"}"),
              ROOM);
      // A place that the document spells is filled as well, as officially.
      assertEquals("[Q? said][Q?][abcd]", sample.messages().get(0).content());
      assertEquals(List.of("C"), sample.references());
      assertEquals("easy", sample.info().get("difficulty"));
    }
    Files.writeString(lines, row + row);
    String message =
        assertThrows(DatasetException.class, () -> LongBenchV2.read(lines)).getMessage();
    assertTrue(message.contains("line 2: field \"_id\""), message);
    Files.writeString(array, "[" + row.replace("\"C\",", "\"E\",") + "]");
    message =
        assertThrows(
                DatasetException.class,
                () ->
                    LongBenchV2.sample(
                        LongBenchV2.read(array).get(0),
                        LongBenchV2.ZERO_SHOT,
                        LongBenchV2.ownPrompts(),
                        ROOM))
            .getMessage();
    assertTrue(message.contains("field \"[0].answer\": expected A, B, C or D, found E"), message);
    Files.writeString(array, "[]");
    message = assertThrows(DatasetException.class, () -> LongBenchV2.read(array)).getMessage();
    assertTrue(message.contains("holds no rows"), message);
  }

  @Test
  void versionTwoHasOwnQuestionsAndWording() {
    assertEquals(6, LongBenchV2.own().size());
    for (String task : List.of(LongBenchV2.ZERO_SHOT, LongBenchV2.NO_CONTEXT)) {
      Sample sample =
          LongBenchV2.sample(LongBenchV2.own().get(0), task, LongBenchV2.ownPrompts(), ROOM);
      String prompt = sample.messages().get(0).content();
      assertEquals(task.equals(LongBenchV2.ZERO_SHOT), prompt.contains("brass bell"), prompt);
      assertTrue(prompt.contains("(B) A causeway replaced it"), prompt);
      assertTrue(!prompt.contains("$"), prompt);
    }
  }
}
