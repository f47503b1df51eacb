package dev.longspan.spark.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.longspan.datasets.Sample;
import dev.longspan.spark.Cli;
import dev.longspan.spark.TinyModel;
import dev.longspan.spark.Written;
import dev.longspan.spark.run.Json;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Suites of rows: files as they are published, and what is wrong with them. */
class RowSuitesTest {
  private static final String ROW =
      """
      {"input": "Who?", "context": "%s", "answers": ["Ada", "Ada L."], "length": 4200, \
      "dataset": "%s", "language": "en", "all_classes": %s, "_id": "%s"}
      """;

  @TempDir private Path temp;

  private static String row(String set, String id) {
    return ROW.formatted("one two three ".repeat(100), set, "null", id);
  }

  private List<Sample> prepare(Object data, Object... more) {
    Path out = temp.resolve("samples.jsonl");
    List<Object> words =
        new ArrayList<>(
            List.of("prepare", "--suite", "longbench", "--data", data, "--out", out, "--model"));
    words.add(TinyModel.pocket());
    words.addAll(List.of(more));
    Cli cli = Cli.run(words.toArray());
    assertEquals(0, cli.status(), cli.err());
    return Written.samples(out);
  }

  private String refused(Object... words) {
    Cli cli = Cli.run(words);
    assertEquals(2, cli.status(), cli.err());
    return cli.err();
  }

  private String refusedRows(String content, Object... more) throws IOException {
    Path file = Files.writeString(temp.resolve("bad.jsonl"), content);
    List<Object> words =
        new ArrayList<>(List.of("prepare", "--suite", "longbench", "--data", file, "--model"));
    words.addAll(List.of(TinyModel.pocket(), "--out", temp.resolve("none.jsonl")));
    words.addAll(List.of(more));
    return refused(words.toArray());
  }

  @Test
  void linesArraysAndParquetOfAnyFolderOrUriMakeTheSameSamples() throws IOException {
    Path lines = Files.createDirectories(temp.resolve("lines").resolve("data"));
    String rows = row("qasper", "a") + row("qasper", "b") + row("qasper", "c");
    Files.writeString(lines.resolve("qasper.jsonl"), rows);
    Files.writeString(lines.resolve("README.md"), "not data");
    List<Sample> expected = prepare(temp.resolve("lines"), "--samples", "2");
    assertEquals(List.of("a", "b"), expected.stream().map(Sample::id).toList());

    Path array = Files.createDirectories(temp.resolve("array"));
    String list = "[" + String.join(",", rows.strip().split("\n")) + "]";
    Files.writeString(array.resolve("data.json"), list);
    Path packed = Files.createDirectories(temp.resolve("packed"));
    try (OutputStream out =
        new GZIPOutputStream(Files.newOutputStream(packed.resolve("qasper.jsonl.gz")))) {
      out.write(rows.getBytes(StandardCharsets.UTF_8));
    }
    // As the hub serves it: a folder for each set, and the types that a reader of JSON infers.
    Path hub = temp.resolve("hub");
    try (SparkSession spark =
        SparkSession.builder().master("local[1]").config("spark.ui.enabled", false).getOrCreate()) {
      spark
          .read()
          .json(lines.resolve("qasper.jsonl").toString())
          .coalesce(1)
          .write()
          .parquet(hub.resolve("qasper").toString());
    }
    for (Object data : List.of(array, packed, hub, "file:" + hub)) {
      List<Sample> found = prepare(data, "--samples", "2");
      assertEquals(2, found.size());
      for (int i = 0; i < 2; i++) {
        Sample sample = found.get(i);
        String origin = sample.info().get("data");
        assertFalse(origin.equals(expected.get(i).info().get("data")), origin);
        Map<String, String> same = Map.of("data", expected.get(i).info().get("data"));
        assertEquals(expected.get(i), sample.withInfo(same), data.toString());
      }
    }
  }

  @Test
  void longPromptsLoseTheirMiddleBeforeTheTemplate() throws IOException {
    Path file = Files.writeString(temp.resolve("qasper.jsonl"), row("qasper", "a"));
    String whole = prepare(file).get(0).messages().get(0).content();
    Sample cut = prepare(file, "--max-prompt-tokens", "60").get(0);
    String kept = cut.messages().get(0).content();
    assertEquals("to 60 tokens", cut.info().get("cut"));
    assertTrue(kept.length() < whole.length() / 2, kept);
    // Half of the tokens from either end, the begin token among the first ones.
    int same = 0;
    while (whole.charAt(same) == kept.charAt(same)) {
      same++;
    }
    assertTrue(same > 40, kept);
    assertTrue(whole.endsWith(kept.substring(kept.length() - 40)), kept);
    assertTrue(kept.endsWith("Question: Who?\nAnswer:"), kept);
  }

  @Test
  void malformedRowsAreNamedWithFileRowAndField() throws IOException {
    String good = row("qasper", "a");
    assertTrue(
        refusedRows(good + "{\"input\":").contains("bad.jsonl line 2: not JSON"), "torn row");
    assertTrue(
        refusedRows(good.replace("\"answers\"", "\"answer\""))
            .contains("bad.jsonl line 1: field \"answers\": expected array, found nothing"));
    assertTrue(
        refusedRows(good + row("qaspar", "b"))
            .contains(
                "line 2: field \"dataset\": expected the name of a LongBench set, found qaspar"));
    String twice = refusedRows(good + row("lcc", "a") + good);
    assertTrue(twice.contains("bad.jsonl row 3: the id 'a' of qasper occurs in"), twice);
    assertTrue(twice.contains("bad.jsonl row 1 already"), twice);
    String absent = refusedRows(good, "--tasks", "qasper,trec");
    assertTrue(absent.contains("--tasks: trec of longbench has no row in"), absent);
    String none = refusedRows(good, "--tasks", "trec");
    assertTrue(none.contains("of the tasks qasper, but asked are trec"), none);
    String empty = refusedRows("\n");
    assertTrue(empty.contains("nothing to ask of longbench: 0 rows were read"), empty);
    Path notParquet = Files.writeString(temp.resolve("x.parquet"), "PAR1 is no table");
    String broken =
        refused(
            "prepare",
            "--suite",
            "aime",
            "--data",
            notParquet,
            "--model",
            TinyModel.pocket(),
            "--out",
            temp.resolve("y"));
    assertTrue(broken.contains("x.parquet"), broken);
  }

  @Test
  void optionsOfSeveralSuitesNameTheirSuite() throws IOException {
    Object[] words = {
      "prepare",
      "--suite",
      "aime,longbench",
      "--model",
      TinyModel.pocket(),
      "--out",
      temp.resolve("o.jsonl"),
      "--data",
      "rows.jsonl"
    };
    assertTrue(
        refused(words)
            .contains("--data rows.jsonl: say which suite it is of, for example longbench="));
    words[8] = "ruler=rows.jsonl";
    assertTrue(refused(words).contains("is of ruler, which --suite does not name"));
    words[8] = "aime=nowhere.jsonl";
    assertTrue(refused(words).contains("nowhere.jsonl: there is no such file or folder"));
    assertTrue(
        refused("evaluate", "--suite", "ruler,mmlu", "--model", "oracle", "--out", "x")
            .contains("'mmlu' is unknown; known are ruler, longbench"));
    assertTrue(
        refused(
                "evaluate",
                "--suite",
                "aime,ruler",
                "--tasks",
                "own",
                "--model",
                "oracle",
                "--out",
                "x")
            .contains("--tasks names no task of ruler"));
    Path wording = Files.writeString(temp.resolve("w.json"), "{\"prompt\": \"no place\"}");
    assertTrue(
        refused(
                "prepare",
                "--suite",
                "aime",
                "--templates",
                wording,
                "--model",
                TinyModel.pocket(),
                "--out",
                temp.resolve("z"))
            .contains("w.json has no place {problem}"));
  }

  @Test
  void severalAnswersToAProblemAreScoredTogether() throws IOException {
    Path data =
        Files.writeString(
            temp.resolve("aime24.jsonl"),
            """
        {"id": "p1", "problem": "P", "answer": 7}
        {"id": "p2", "problem": "Q", "answer": "012"}
        """);
    Path answers =
        Files.writeString(
            temp.resolve("answers.jsonl"),
            """
        {"id": "p1", "responses": ["\\\\boxed{7}", "\\\\boxed{8}", "<think>so", "\\\\boxed{7}"]}
        {"id": "p2", "responses": ["", "\\\\boxed{12}", "12", "\\\\boxed{13}"]}
        {"id": "p9", "responses": ["\\\\boxed{1}"]}
        """);
    Path out = temp.resolve("scored");
    Object[] words = {
      "score",
      "--suite",
      "aime",
      "--data",
      data,
      "--predictions",
      answers,
      "--out",
      out,
      "--master",
      "local[1]"
    };
    Cli cli = Cli.run(words);
    assertEquals(0, cli.status(), cli.err());
    assertEquals(
        37.5, Written.score(out, "aime", "aime24", "accuracy[strict]").path("value").asDouble());
    assertEquals(37.5, Written.score(out, "aime", "aime24", "avg@4").path("value").asDouble());
    // 1 - C(2,2)/C(4,2) and 1 - C(3,2)/C(4,2).
    assertEquals(66.67, Written.score(out, "aime", "aime24", "pass@2").path("value").asDouble());
    assertEquals(100, Written.score(out, "aime", "aime24", "maj@4").path("value").asDouble());
    assertEquals(
        12.5, Written.score(out, "aime", "aime24", "thinking_unfinished").path("value").asDouble());
    JsonNode run = Written.scores(out).at("/runs/0");
    assertEquals(9, run.path("rows").asInt());
    assertEquals(8, run.path("answers").asInt());
    assertEquals(1, run.path("unmatched").asInt());
    assertTrue(run.path("warnings").toString().contains("aime24/0/p9"), run.toString());

    // By another grader, into the same folder.
    Object[] other = new Object[words.length + 2];
    System.arraycopy(words, 0, other, 0, words.length);
    other[words.length] = "--aime-grader";
    other[words.length + 1] = "lm-eval";
    assertEquals(0, Cli.run(other).status());
    assertEquals(
        50, Written.score(out, "aime", "aime24", "accuracy[lm-eval]").path("value").asDouble());

    Path strange =
        Files.writeString(temp.resolve("strange.jsonl"), "{\"id\": \"zz\", \"text\": \"7\"}\n");
    words[6] = strange;
    assertTrue(refused(words).contains("none of 1 answers is to one of 2 samples"));
    Files.writeString(strange, "{\"id\": \"p1\"}\n");
    assertTrue(
        refused(words).contains("strange.jsonl line 1: field \"text\": expected an answer here"));
  }

  @Test
  void longBenchsOwnPredictionFilesAreScored() throws IOException {
    Path pred = Files.createDirectories(temp.resolve("pred"));
    Files.writeString(
        pred.resolve("qasper.jsonl"),
        "{\"pred\": \"Ada\", \"answers\": [\"Ada\"], \"all_classes\": null, \"length\": 3}\n"
            + "{\"pred\": \"Bo\", \"answers\": [\"Ada\"], \"all_classes\": null, \"length\": 3}\n");
    Path out = temp.resolve("lb");
    Cli cli = Cli.run("score", "--suite", "longbench", "--predictions", pred, "--out", out);
    assertEquals(0, cli.status(), cli.err());
    assertEquals(50, Written.score(out, "longbench", "qasper", "qa_f1").path("value").asDouble());
  }

  @Test
  void aScoringNeverTakesTheFolderOfARun() throws IOException {
    Path run = Files.createDirectories(temp.resolve("run"));
    Files.writeString(
        run.resolve("manifest.json"),
        Json.MAPPER
            .createObjectNode()
            .set("command", Json.MAPPER.createArrayNode().add("longspan").add("evaluate"))
            .toString());
    Path pred =
        Files.writeString(temp.resolve("own.jsonl"), "{\"id\": \"own-01\", \"text\": \"\"}");
    String message =
        refused(
            "score",
            "--suite",
            "aime",
            "--predictions",
            pred,
            "--out",
            run,
            "--master",
            "local[1]");
    assertTrue(message.contains("holds a run of its own"), message);
  }
}
