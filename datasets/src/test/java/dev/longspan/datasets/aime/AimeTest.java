package dev.longspan.datasets.aime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.longspan.datasets.DatasetException;
import dev.longspan.datasets.Sample;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AimeTest {
  @TempDir Path folder;

  private List<Sample> read(String content) throws IOException {
    Path file = Files.writeString(folder.resolve("aime.jsonl"), content);
    return Aime.read(file, "aime24", "{problem} Go!", 2048);
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
  void wrongRowsAreRefusedByLineAndField() {
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
    assertTrue(message.contains("line 2: field \"id\""), message);
    message = assertThrows(DatasetException.class, () -> read("")).getMessage();
    assertTrue(message.contains("holds no problems"), message);
    message =
        assertThrows(DatasetException.class, () -> Aime.read(folder, "aime24", "Go!", 9))
            .getMessage();
    assertTrue(message.contains("has no place {problem}"), message);
  }

  @Test
  void ownProblemsAreADozenInTwoLanguages() {
    List<Sample> own = Aime.own(512);
    assertEquals(12, own.size());
    assertEquals(
        3, own.stream().filter(s -> s.messages().get(0).content().matches("(?s).*[求取].*")).count());
  }

  @Test
  void publishedFilesAreRead() {
    String crosscheck = System.getenv("LONGSPAN_CROSSCHECK");
    assumeTrue(crosscheck != null, "LONGSPAN_CROSSCHECK is not set: no published problems to read");
    for (String year : List.of("24", "25")) {
      Path file = Path.of(crosscheck, "aime", "aime" + year + ".nemo-skills.jsonl");
      List<Sample> samples = Aime.read(file, "aime" + year, Aime.PROMPT, 32_768);
      assertEquals(30, samples.size());
    }
  }
}
