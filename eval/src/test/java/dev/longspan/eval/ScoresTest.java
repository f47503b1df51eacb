package dev.longspan.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.longspan.eval.score.Scoring;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScoresTest {
  @TempDir Path folder;

  private static Scores small() {
    TinyRun run = new TinyRun();
    for (int i = 0; i < 7; i++) {
      run.add("niah_single_1", 512, "" + i, Map.of("dense", true, "infllm-v2", i > 0));
      run.add("qa_1", 1024, "" + i, Map.of("dense", i < 5, "infllm-v2", i < 6));
    }
    run.sample("qa_1", 1024, "7", "x").failure("qa_1", 1024, "7", "dense", "engine", "lost");
    return Scoring.score(run.samples, run.generations, "dense", 42);
  }

  @Test
  void theFileIsThatOfTheContract() throws IOException {
    Path file = folder.resolve("scores.json");
    small().write(file);
    String golden =
        new String(
            ScoresTest.class.getResourceAsStream("/scores.golden.json").readAllBytes(),
            StandardCharsets.UTF_8);
    assertEquals(golden, Files.readString(file));
    JsonNode tree = new ObjectMapper().readTree(file.toFile());
    List<String> score =
        List.of("suite", "task", "length", "method", "metric", "value", "n", "stderr", "ci95");
    score.forEach(field -> assertTrue(tree.at("/scores/0").has(field), field));
    assertTrue(tree.at("/scores/0/ci95").isArray());
    List<String> paired =
        List.of("suite", "task", "length", "method", "baseline", "delta", "ci95", "p", "verdict");
    paired.forEach(field -> assertTrue(tree.at("/paired/0").has(field), field));
  }

  @Test
  void whatIsWrittenReadsBack() throws IOException {
    Path file = folder.resolve("scores.json");
    Scores scores = small();
    scores.write(file);
    assertEquals(scores, Scores.read(file));
    Scores nothing = new Scores(List.of(), List.of(), List.of(), List.of());
    nothing.write(file);
    assertEquals(nothing, Scores.read(file));
  }

  @Test
  void fieldsOfLaterVersionsAreSkipped() throws IOException {
    Path file = folder.resolve("scores.json");
    Files.writeString(file, "{\"runs\":[],\"scores\":[],\"paired\":[],\"charts\":[1]}");
    assertEquals(0, Scores.read(file).scores().size());
    // A file of before there were descriptions of suites.
    assertEquals(List.of(), Scores.read(file).suites());
  }

  @Test
  void damagedFilesAreNamed() throws IOException {
    Path file = folder.resolve("scores.json");
    Files.writeString(file, "{\"runs\":[],\n\"scores\":[}");
    String torn =
        assertThrows(IllegalArgumentException.class, () -> Scores.read(file)).getMessage();
    assertEquals(
        file
            + " is not a scores file: Unexpected close marker '}': expected ']' in line 2; score"
            + " the run again to rewrite it",
        torn);
    Files.writeString(file, "{\"runs\":[],\"paired\":[]}");
    String partial =
        assertThrows(IllegalArgumentException.class, () -> Scores.read(file)).getMessage();
    assertTrue(partial.contains("scores"), partial);
  }
}
