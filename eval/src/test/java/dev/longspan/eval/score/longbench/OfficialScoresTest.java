package dev.longspan.eval.score.longbench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.longspan.datasets.longbench.LongBench;
import dev.longspan.datasets.longbench.LongBenchTask;
import dev.longspan.eval.Crosscheck;
import dev.longspan.eval.SampleSummary;
import dev.longspan.eval.stats.Rounding;
import dev.longspan.eval.text.FuzzyRatio;
import dev.longspan.eval.text.jieba.Jieba;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Holds our scores of 4,750 published predictions against those of the official scorer. */
class OfficialScoresTest {
  private static final String ARCHIVE = "longbench/pred_llama3-8b-instruct.tar.gz";
  private static final ObjectMapper JSON = new ObjectMapper();

  @ParameterizedTest
  @EnumSource
  void everySampleAndEverySetIsScoredAsOfficially(FuzzyRatio fuzzy) throws IOException {
    Map<String, byte[]> files = Crosscheck.archive(ARCHIVE);
    Map<String, List<Double>> official = new HashMap<>();
    for (JsonNode row : Crosscheck.lines(files.get("per_sample." + fuzzy.id() + ".out"))) {
      official
          .computeIfAbsent(row.get("dataset").asText(), dataset -> new ArrayList<>())
          .add(row.get("score").asDouble());
    }
    JsonNode sets =
        JSON.readTree(files.get("official_rescored." + fuzzy.id() + ".json")).get("scores");
    assertEquals(21, sets.size());
    LongBenchScorer scorer = new LongBenchScorer(fuzzy, Jieba::standard);
    int compared = 0;
    for (LongBenchTask task : LongBenchTask.all()) {
      List<JsonNode> rows = Crosscheck.lines(files.get(task.id() + ".jsonl"));
      double sum = 0;
      for (int i = 0; i < rows.size(); i++) {
        String name = task.id() + "/" + i;
        double value = scorer.value(sample(task, i, rows.get(i)), rows.get(i).get("pred").asText());
        assertEquals(official.get(task.id()).get(i), value, 1e-9, name);
        sum += value;
        compared++;
      }
      assertEquals(
          sets.get(task.id()).asDouble(),
          Rounding.halfEven(100 * sum / rows.size(), 2),
          0,
          task.id());
    }
    assertEquals(4750, compared);
  }

  static SampleSummary sample(LongBenchTask task, int id, JsonNode row) {
    List<String> answers = new ArrayList<>();
    row.get("answers").forEach(answer -> answers.add(answer.asText()));
    return new SampleSummary(
        LongBench.SUITE,
        task.id(),
        0,
        String.valueOf(id),
        "",
        "",
        answers,
        Map.of(
            "length",
            row.get("length").asText(),
            "all_classes",
            row.get("all_classes").isNull() ? "[]" : row.get("all_classes").toString()));
  }
}
