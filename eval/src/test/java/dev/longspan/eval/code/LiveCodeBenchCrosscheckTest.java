package dev.longspan.eval.code;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.longspan.datasets.Json;
import dev.longspan.datasets.JsonLines;
import dev.longspan.datasets.MiddleCut;
import dev.longspan.datasets.SourceRow;
import dev.longspan.datasets.livecodebench.CodeTests;
import dev.longspan.datasets.livecodebench.LiveCodeBench;
import dev.longspan.datasets.livecodebench.Releases;
import dev.longspan.eval.Crosscheck;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Extraction and verdicts against the official grader's on a real model's answers. */
class LiveCodeBenchCrosscheckTest {
  private record Graded(String id, List<Integer> expected, CodeVerdict verdict) {}

  @Test
  void extractsTheOfficialPrograms() throws IOException {
    JsonNode rows =
        Crosscheck.json("livecodebench/qwen2.5-7b-ins.codegeneration_1_0.2_eval_all.json.gz");
    com.fasterxml.jackson.databind.ObjectMapper json =
        new com.fasterxml.jackson.databind.ObjectMapper();
    int equal = 0;
    int all = 0;
    for (JsonNode row : rows) {
      JsonNode outputs =
          row.get("output_list").isTextual()
              ? json.readTree(row.get("output_list").asText())
              : row.get("output_list");
      JsonNode codes =
          row.get("code_list").isTextual()
              ? json.readTree(row.get("code_list").asText())
              : row.get("code_list");
      for (int i = 0; i < outputs.size(); i++) {
        all++;
        equal +=
            CodeExtraction.program(outputs.get(i).asText()).equals(codes.get(i).asText()) ? 1 : 0;
      }
    }
    assertTrue(all > 1000);
    assertEquals(all, equal);
  }

  private static Map<String, CodeTests> problems() throws IOException {
    LiveCodeBench suite =
        new LiveCodeBench(LiveCodeBench.ownPrompts(), Releases.ALL, null, null, null);
    Map<String, CodeTests> problems = new HashMap<>();
    byte[] rows = Crosscheck.bytes("livecodebench/problems_rebuilt.jsonl.gz");
    try (Stream<Json> stream = JsonLines.read("problems", new ByteArrayInputStream(rows))) {
      SourceRow.number("problems", stream)
          .map(row -> suite.sample(row, LiveCodeBench.TASK, MiddleCut.NONE))
          .forEach(s -> problems.put(s.id(), CodeTests.unpack(s.id(), s.references().get(0))));
    }
    return problems;
  }

  @Test
  void gradesAsTheOfficialGrader() throws Exception {
    JsonNode generations = Crosscheck.json("livecodebench/generations.qwen2.5-7b.json.gz");
    Map<String, JsonNode> official = new HashMap<>();
    Crosscheck.json("livecodebench/official_graded.qwen2.5-7b.json.gz")
        .forEach(row -> official.put(row.get("question_id").asText(), row));
    Map<String, CodeTests> problems = problems();

    int slots = Runtime.getRuntime().availableProcessors();
    ExecutorService pool = Executors.newFixedThreadPool(slots);
    List<Graded> graded = new ArrayList<>();
    try (Sandbox sandbox = Sandbox.open("python3", CodeLimits.DEFAULT, false)) {
      CodeGrader grader = new CodeGrader(sandbox, CodeLimits.DEFAULT);
      List<JsonNode> all = new ArrayList<>();
      generations.forEach(all::add);
      List<Future<List<Graded>>> futures =
          IntStream.range(0, slots)
              .mapToObj(
                  slot ->
                      pool.submit(
                          () -> {
                            List<Graded> mine = new ArrayList<>();
                            for (int i = slot; i < all.size(); i += slots) {
                              String id = all.get(i).get("question_id").asText();
                              JsonNode row = official.get(id);
                              JsonNode codes = all.get(i).get("code_list");
                              for (int k = 0; k < codes.size(); k++) {
                                List<Integer> expected = new ArrayList<>();
                                row.get("results")
                                    .get(k)
                                    .forEach(
                                        r ->
                                            expected.add(
                                                r.isBoolean()
                                                    ? (r.asBoolean() ? 1 : 0)
                                                    : r.asInt()));
                                mine.add(
                                    new Graded(
                                        id,
                                        expected,
                                        grader.grade(
                                            slot, problems.get(id), codes.get(k).asText())));
                              }
                            }
                            return mine;
                          }))
              .toList();
      for (Future<List<Graded>> future : futures) {
        graded.addAll(future.get());
      }
    } finally {
      pool.shutdownNow();
    }
    List<String> different =
        graded.stream()
            .filter(g -> g.verdict().passed() != g.expected().stream().allMatch(r -> r > 0))
            .map(g -> g.id() + " official " + g.expected() + " ours " + g.verdict())
            .toList();
    assertTrue(different.size() <= 0.01 * graded.size(), different.toString());
  }
}
