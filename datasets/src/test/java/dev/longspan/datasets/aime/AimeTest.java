package dev.longspan.datasets.aime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.longspan.datasets.DatasetException;
import dev.longspan.datasets.MiddleCut;
import dev.longspan.datasets.Sample;
import dev.longspan.datasets.SuiteRows;
import dev.longspan.datasets.Templates;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AimeTest {
  @TempDir Path folder;

  private List<Sample> read(String content) throws IOException {
    Path file = Files.writeString(folder.resolve("aime24.jsonl"), content);
    Path wording = Files.writeString(folder.resolve("w.json"), "{\"prompt\": \"{problem} Go!\"}");
    return SuiteRows.samples(new Aime(Templates.read(wording), 2048), file);
  }

  @Test
  void layoutsInUseAreRead() throws IOException {
    List<Sample> samples =
        read(
            """
            {"id": 60, "problem": "P $1?", "solution": "s", "answer": "204", "url": "http://a"}
            {"id": "aime24-1", "problem": "P2", "expected_answer": "073", "reference_solution": "r"}
            {"ID": "2024-I-3", "question": "P3", "answer": 5}

            {"origin_prompt": "P4", "gold_answer": "70.0"}
            """);
    assertEquals(
        List.of("60", "aime24-1", "2024-I-3", "3"), samples.stream().map(Sample::id).toList());
    assertEquals(
        List.of("204", "73", "5", "70"),
        samples.stream().map(sample -> sample.references().get(0)).toList());
    assertEquals("P $1? Go!", samples.get(0).messages().get(0).content());
    assertEquals(2048, samples.get(0).maxNewTokens());
    assertEquals("http://a", samples.get(0).info().get("url"));
    assertEquals("aime24", samples.get(0).task());
  }

  @Test
  void wrongRowsAreRefusedByLineAndField() throws IOException {
    for (String answer : List.of("\"74.5\"", "1000", "-1", "\"x\"", "\"1e99999\"")) {
      String message =
          assertThrows(
                  DatasetException.class,
                  () -> read("{\"problem\": \"P\", \"answer\": " + answer + "}"))
              .getMessage();
      assertTrue(
          message.contains("line 1: field \"answer\": expected a whole number from 0 to 999"),
          message);
    }
    String message =
        assertThrows(DatasetException.class, () -> read("{\"answer\": 1}")).getMessage();
    assertTrue(message.contains("field \"problem\""), message);
    message =
        assertThrows(
                DatasetException.class,
                () ->
                    read(
                        "{\"id\": 1, \"problem\": \"P\", \"answer\": 1}\n"
                            + "{\"id\": \"1\", \"problem\": \"Q\", \"answer\": 2}"))
            .getMessage();
    assertTrue(message.contains("row 2: the id '1' of aime24 occurs"), message);
    message = assertThrows(DatasetException.class, () -> read("")).getMessage();
    assertTrue(message.contains("nothing to ask of aime"), message);
    Path wording = Files.writeString(folder.resolve("bare.json"), "{\"prompt\": \"Go!\"}");
    message =
        assertThrows(DatasetException.class, () -> new Aime(Templates.read(wording), 9))
            .getMessage();
    assertTrue(message.contains("bare.json has no place {problem}"), message);
  }

  @Test
  void theYearIsToldByTheFileOrTheRow() throws IOException {
    Aime suite = new Aime(Aime.ownPrompts(), null);
    String row = "{\"problem\": \"P\", \"answer\": 1}";
    for (String name : List.of("AIME2025-I.jsonl", "aime_2025/train.jsonl", "my-aime25.jsonl")) {
      Path file = folder.resolve(name);
      Files.createDirectories(file.getParent());
      Files.writeString(file, row);
      assertEquals("aime25", SuiteRows.samples(suite, file).get(0).task());
      assertEquals(32_768, SuiteRows.samples(suite, file).get(0).maxNewTokens());
    }
    Path file =
        Files.writeString(folder.resolve("train.jsonl"), row.replace("}", ",\"year\":2024}"));
    assertEquals("aime24", SuiteRows.samples(suite, file).get(0).task());
    Files.writeString(file, row);
    String message =
        assertThrows(DatasetException.class, () -> SuiteRows.samples(suite, file)).getMessage();
    assertTrue(
        message.contains("train.jsonl line 1: field \"year\": expected the year 2024 or 2025"),
        message);
  }

  @Test
  void ownProblemsAreADozenInTwoLanguages() {
    Aime suite = new Aime(Aime.ownPrompts(), null);
    List<Sample> own = SuiteRows.samples(suite, suite.own(), MiddleCut.NONE);
    assertEquals(12, own.size());
    assertEquals(
        3, own.stream().filter(s -> s.messages().get(0).content().matches("(?s).*[求取].*")).count());
    assertEquals("own", own.get(0).task());
    assertEquals(512, own.get(0).maxNewTokens());
  }

  @Test
  void publishedFilesAreRead() {
    String crosscheck = System.getenv("LONGSPAN_CROSSCHECK");
    assumeTrue(crosscheck != null, "LONGSPAN_CROSSCHECK is not set: no published problems to read");
    for (String year : List.of("24", "25")) {
      Path file = Path.of(crosscheck, "aime", "aime" + year + ".nemo-skills.jsonl");
      List<Sample> samples = SuiteRows.samples(new Aime(Aime.ownPrompts(), null), file);
      assertEquals(30, samples.size());
      assertEquals("aime" + year, samples.get(0).task());
    }
  }
}
