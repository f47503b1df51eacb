package dev.longspan.eval.score.longbench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.longspan.datasets.longbench.LongBenchTask;
import dev.longspan.eval.Crosscheck;
import dev.longspan.eval.SampleSummary;
import dev.longspan.eval.ScoreRows;
import dev.longspan.eval.Scores;
import dev.longspan.eval.code.CodeGrades;
import dev.longspan.eval.score.ScoredSuite;
import dev.longspan.eval.score.Scoring;
import dev.longspan.eval.score.SuiteScorer;
import dev.longspan.eval.score.SuiteScorers;
import dev.longspan.eval.text.FuzzyRatio;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Holds our scores of 4,750 published predictions against those of the official scorer. */
class OfficialScoresTest {
  private static final String ARCHIVE = "longbench/pred_llama3-8b-instruct.tar.gz";
  private static final ObjectMapper JSON = new ObjectMapper();

  @ParameterizedTest
  @EnumSource
  void everySampleAndEverySetIsScoredAsOfficially(FuzzyRatio fuzzy, @TempDir Path folder)
      throws IOException {
    Map<String, byte[]> files = Crosscheck.archive(ARCHIVE);
    for (LongBenchTask task : LongBenchTask.all()) {
      Files.write(folder.resolve(task.id() + ".jsonl"), files.get(task.id() + ".jsonl"));
    }
    LongBenchPredictions predictions = LongBenchPredictions.read(folder, "dense");
    SuiteScorers scorers =
        SuiteScorers.of(Map.of(SuiteScorers.LONGBENCH_FUZZY, fuzzy.id()), CodeGrades.NONE);
    SuiteScorer scorer = scorers.of("longbench");

    Map<String, Double> official = new HashMap<>();
    for (JsonNode row : Crosscheck.lines(files.get("per_sample." + fuzzy.id() + ".out"))) {
      official.put(
          row.get("dataset").asText() + "/" + row.get("index").asText(),
          row.get("score").asDouble());
    }
    assertEquals(4750, official.size());
    List<SampleSummary> samples = predictions.samples().stream().map(SampleSummary::of).toList();
    assertEquals(4750, samples.size());
    for (int i = 0; i < 4750; i++) {
      String key = predictions.generations().get(i).key();
      String answer = scorer.clean(predictions.generations().get(i).text());
      assertEquals(official.get(key), scorer.value(samples.get(i), answer), 1e-9, key);
    }

    JsonNode sets =
        JSON.readTree(files.get("official_rescored." + fuzzy.id() + ".json")).get("scores");
    Scores scores =
        Scoring.score(
            ScoredSuite.of(samples, predictions.generations(), "dense", scorers), "dense", 1);
    assertEquals(21, sets.size());
    for (LongBenchTask task : LongBenchTask.all()) {
      String metric = scorer.metric(task.id());
      assertEquals(
          sets.get(task.id()).asDouble(),
          ScoreRows.only(scores, task.id(), metric).value(),
          task.id());
    }
    assertEquals(4750, scores.runs().get(0).answers());
  }
}
