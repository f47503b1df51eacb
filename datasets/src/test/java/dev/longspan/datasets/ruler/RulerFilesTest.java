package dev.longspan.datasets.ruler;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.longspan.datasets.DatasetException;
import dev.longspan.datasets.Message;
import dev.longspan.datasets.Sample;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RulerFilesTest {
  @TempDir Path folder;

  @Test
  void generatedSamplesSurviveTheOfficialLayout() {
    RulerOptions options =
        RulerOptions.of(List.of("vt", "niah_multiquery", "qa_1"), List.of(512, 1024), 2, 3);
    List<Sample> samples = Ruler.generate(options, Counters.WORDS);
    RulerFiles.write(folder, samples);
    List<Sample> read = RulerFiles.read(folder);
    assertEquals(samples.size(), read.size());
    for (Sample sample : samples) {
      Sample again = read.stream().filter(s -> sameName(s, sample)).findFirst().orElseThrow();
      assertEquals(sample.messages(), again.messages());
      assertEquals(sample.answerPrefix(), again.answerPrefix());
      assertEquals(sample.references(), again.references());
      assertEquals(sample.maxNewTokens(), again.maxNewTokens());
      assertEquals(sample.info().get("metric"), again.info().get("metric"));
    }
  }

  @Test
  void rowsHaveTheOfficialFields() throws IOException {
    Sample sample =
        Ruler.generate(
                RulerOptions.of(List.of("niah_single_2"), List.of(512), 1, 3), Counters.WORDS)
            .get(0);
    RulerFiles.write(folder, List.of(sample));
    Path file = folder.resolve("512/data/niah_single_2/validation.jsonl");
    JsonNode row = new ObjectMapper().readTree(Files.readString(file));
    assertEquals(0, row.get("index").asInt());
    assertEquals(sample.messages().get(0).content(), row.get("input").asText());
    assertEquals(sample.references().get(0), row.get("outputs").get(0).asText());
    assertEquals(Counters.WORDS.count(sample.messages(), "") + 128, row.get("length").asInt());
    int offset = row.get("answer_offset").asInt();
    assertEquals(
        sample.references().get(0), row.get("input").asText().substring(offset, offset + 7));
  }

  @Test
  void predictionsAreRead() throws IOException {
    Path file = pred("4096", "cwe");
    Files.writeString(
        file,
        """
        {"index": 4, "pred": "1. a 2. b", "input": "List: Answer:", "outputs": ["a", "b"], "others": {}, "truncation": -1, "length": 31}
        {"index": 2, "pred": "", "input": "Other", "outputs": ["c"], "others": {}, "truncation": -1, "length": 30}
        """);
    List<RulerFiles.Prediction> predictions = RulerFiles.readPredictions(folder);
    assertEquals(predictions, RulerFiles.readPredictions(file));
    assertEquals(List.of("1. a 2. b", ""), predictions.stream().map(p -> p.text()).toList());
    Sample sample = predictions.get(0).sample();
    assertEquals("ruler", sample.suite());
    assertEquals("cwe", sample.task());
    assertEquals(4096, sample.length());
    assertEquals("4", sample.id());
    assertEquals(List.of(Message.user("List: Answer:")), sample.messages());
    assertEquals(List.of("a", "b"), sample.references());
    assertEquals(120, sample.maxNewTokens());
    assertEquals("2", predictions.get(1).sample().id());
  }

  @Test
  void repeatedIndexesGiveWayToPositions() throws IOException {
    String row = "{\"index\": 1179, \"pred\": \"%s\", \"input\": \"?\", \"outputs\": [\"1\"]}\n";
    Path file = pred("8192", "niah_single_1");
    Files.writeString(file, row.formatted("x") + row.formatted("y"));
    assertEquals(
        List.of("0", "1"),
        RulerFiles.readPredictions(file).stream().map(p -> p.sample().id()).toList());
  }

  @Test
  void aFileElsewhereHasNoLength() throws IOException {
    Path file = folder.resolve("vt.jsonl");
    Files.writeString(file, "{\"index\":0,\"pred\":\"A\",\"input\":\"?\",\"outputs\":[\"A\"]}\n");
    assertEquals(0, RulerFiles.readPredictions(file).get(0).sample().length());
  }

  @Test
  void whatIsWrongIsNamed() throws IOException {
    Path file = pred("4096", "vt");
    Files.writeString(
        file,
        "{\"index\":0,\"pred\":\"A\",\"input\":\"?\",\"outputs\":[\"A\"]}\n"
            + "{\"index\":1,\"input\":\"?\",\"outputs\":[\"A\"]}\n");
    assertRefused(file, file + " line 2: field \"pred\": expected string, found nothing");
    Files.writeString(file, "{\"index\":0,\"pred\":\"A\",\"input\":\"?\",\"outputs\":\"A\"}\n");
    assertRefused(file, file + " line 1: field \"outputs\": expected array, found string");
    Path other = folder.resolve("4096/pred/mystery.jsonl");
    Files.writeString(other, "{\"index\":0,\"pred\":\"A\",\"input\":\"?\",\"outputs\":[\"A\"]}\n");
    assertRefused(
        other,
        other
            + ": its path names no RULER task; expected TASK/validation.jsonl or TASK.jsonl with one"
            + " of niah_single_1, niah_single_2, niah_single_3, niah_multikey_1, niah_multikey_2,"
            + " niah_multikey_3, niah_multivalue, niah_multiquery, vt, cwe, fwe, qa_1, qa_2");
    Path empty = Files.createDirectory(folder.resolve("empty"));
    assertRefused(empty, empty + " holds no RULER files; expected LENGTH/pred/TASK.jsonl");
    assertEquals(
        folder + " holds no RULER files; expected LENGTH/data/TASK/validation.jsonl",
        assertThrows(DatasetException.class, () -> RulerFiles.read(folder)).getMessage());
  }

  @Test
  void conversationsAreNotWritten() {
    Sample sample =
        new Sample(
            "ruler",
            "vt",
            512,
            "3",
            List.of(new Message("system", "Hm."), Message.user("?")),
            "",
            List.of("A"),
            30,
            Map.of());
    assertEquals(
        "Sample 3 of vt has 2 messages; the official layout holds one",
        assertThrows(DatasetException.class, () -> RulerFiles.write(folder, List.of(sample)))
            .getMessage());
  }

  private Path pred(String length, String task) throws IOException {
    Path pred = Files.createDirectories(folder.resolve(length).resolve("pred"));
    return pred.resolve(task + ".jsonl");
  }

  private static void assertRefused(Path file, String message) {
    assertEquals(
        message,
        assertThrows(DatasetException.class, () -> RulerFiles.readPredictions(file)).getMessage());
  }

  private static boolean sameName(Sample a, Sample b) {
    return a.task().equals(b.task()) && a.length() == b.length() && a.id().equals(b.id());
  }
}
