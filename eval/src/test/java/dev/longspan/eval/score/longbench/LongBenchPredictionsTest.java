package dev.longspan.eval.score.longbench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.datasets.DatasetException;
import dev.longspan.eval.SampleSummary;
import dev.longspan.eval.ScoreRows;
import dev.longspan.eval.Scores;
import dev.longspan.eval.score.Scoring;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LongBenchPredictionsTest {
  private static final String ROW =
      "{\"pred\": \"Lisbon\", \"answers\": [\"lisbon\"], \"all_classes\": null, \"length\": 4100}\n";

  @TempDir Path folder;

  private String refusal(String name, String content) throws IOException {
    Path file = Files.writeString(folder.resolve(name), content);
    return assertThrows(DatasetException.class, () -> LongBenchPredictions.read(file, "dense"))
        .getMessage();
  }

  @Test
  void filesOfAFolderAreScoredSetBySet() throws IOException {
    Files.writeString(folder.resolve("qasper.jsonl"), ROW + ROW.replace("Lisbon", "Porto"));
    Files.writeString(folder.resolve("qasper_e.jsonl"), ROW);
    Files.writeString(folder.resolve("result.json"), "{}");
    LongBenchPredictions predictions = LongBenchPredictions.read(folder, "dense");
    Scores scores =
        Scoring.score(
            predictions.samples().stream().map(SampleSummary::of).toList(),
            predictions.generations(),
            null,
            1);
    assertEquals(50, ScoreRows.only(scores, "qasper", "qa_f1").value());
    assertEquals(100, ScoreRows.only(scores, "qasper_e", "4-8k").value());
    assertEquals(3, scores.runs().get(0).answers());
  }

  @Test
  void wrongFilesAndRowsAreRefused() throws IOException {
    assertTrue(refusal("qaspar.jsonl", ROW).contains("'qaspar' is not a LongBench set"));
    assertTrue(refusal("musique_e.jsonl", ROW).contains("'musique_e' is not a LongBench set"));
    String message = refusal("qasper.jsonl", ROW + ROW.replace("pred", "prediction"));
    assertTrue(message.contains("line 2: field \"pred\": expected string, found nothing"), message);
    message = refusal("qasper.jsonl", ROW.replace("[\"lisbon\"]", "[]"));
    assertTrue(message.contains("field \"answers\": expected at least one answer"), message);
    assertTrue(refusal("qasper.jsonl", "").contains("holds no predictions"));
    Path missing = folder.resolve("none");
    message =
        assertThrows(DatasetException.class, () -> LongBenchPredictions.read(missing, "dense"))
            .getMessage();
    assertTrue(message.startsWith("Cannot read the predictions in " + missing), message);
  }
}
