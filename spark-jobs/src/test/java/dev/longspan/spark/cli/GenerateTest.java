package dev.longspan.spark.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.spark.Cli;
import dev.longspan.spark.Rows;
import dev.longspan.spark.TinyModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.parquet.example.data.Group;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Prompts in users' files: what can be answered is, and nothing is lost. */
class GenerateTest {
  @TempDir private static Path temp;
  private static Path model;

  @BeforeAll
  static void model() throws IOException {
    model = TinyModel.write(temp.resolve("model"), 256, 1);
  }

  private static Cli generate(Path input, Path out, Object... more) {
    List<Object> words =
        new ArrayList<>(List.of("generate", "--model", model, "--input", input, "--out", out));
    words.addAll(List.of("--attention", "dense", "--max-new-tokens", "3", "--master", "local[2]"));
    words.addAll(List.of(more));
    return Cli.run(words.toArray());
  }

  private static Map<String, Group> byId(Path run) {
    Map<String, Group> rows = new HashMap<>();
    Rows.of(run).forEach(row -> rows.put(row.getString("sample_id", 0), row));
    return rows;
  }

  private static String message(Group row) {
    return row.getGroup("error", 0).getString("message", 0);
  }

  @Test
  void badRowsBecomeErrorsWithTheirPlace() throws IOException {
    Path input = temp.resolve("mixed.jsonl");
    Files.writeString(
        input,
        String.join(
            "\n",
            "{\"id\":\"good\",\"text\":\"Say hello.\"}",
            "{\"id\":\"talk\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}",
            "{\"id\":\"torn\",\"text\":\"He",
            "",
            "{\"id\":\"other\",\"body\":\"x\"}",
            "[1]",
            "{\"id\":\"number\",\"text\":7}",
            "{\"id\":\"turn\",\"messages\":[{\"role\":\"user\"}]}",
            "{\"id\":\"long\",\"text\":\"" + "word ".repeat(600) + "\"}",
            "{\"text\":\"Nameless.\"}",
            "{\"id\":\"good\",\"text\":\"Say hello.\"}"));
    Path out = temp.resolve("mixed");

    Cli cli = generate(input, out);

    assertEquals(0, cli.status(), cli.err());
    assertTrue(cli.out().contains("9 rows, 6 with an error."), cli.out());
    assertTrue(cli.out().contains("1 input rows repeat"), cli.out());
    Map<String, Group> rows = byId(out);
    assertEquals(9, rows.size());
    assertEquals(null, Rows.errorCode(rows.get("good")));
    assertEquals(null, Rows.errorCode(rows.get("talk")));
    assertEquals(null, Rows.errorCode(rows.get(input + ", line 10")));
    Group torn = rows.get(input + ", line 3");
    assertEquals("INPUT_UNREADABLE", Rows.errorCode(torn));
    assertTrue(message(torn).contains(input + ", line 3 is no JSON"), message(torn));
    assertTrue(message(rows.get("other")).contains("has no 'text', only id, body"));
    assertTrue(message(rows.get(input + ", line 6")).contains("must be a JSON object"));
    assertTrue(message(rows.get("number")).contains("'text' is a number; expected a text"));
    assertTrue(message(rows.get("turn")).contains("turn 1 of 'messages'"));
    assertEquals("PROMPT_TOO_LONG", Rows.errorCode(rows.get("long")));
    assertTrue(message(rows.get("long")).contains("256 tokens"), message(rows.get("long")));
    assertEquals("error", rows.get("long").getString("finish_reason", 0));
  }

  @Test
  void filesOfTextAreOnePromptEach() throws IOException {
    Path folder = Files.createDirectories(temp.resolve("texts"));
    Files.writeString(folder.resolve("a.txt"), "First\ndocument.");
    Files.writeString(folder.resolve("b.txt"), " \n");
    Path out = temp.resolve("texts-out");

    Cli cli = generate(folder, out, "--system", "Be brief.", "--no-template");

    assertEquals(0, cli.status(), cli.err());
    Map<String, Group> rows = byId(out);
    assertEquals(2, rows.size());
    assertEquals(null, Rows.errorCode(rows.get(folder.resolve("a.txt").toString())));
    Group blank = rows.get(folder.resolve("b.txt").toString());
    assertTrue(message(blank).contains("b.txt is empty"), message(blank));
  }

  @Test
  void columnsOfParquet() throws Exception {
    Path input = temp.resolve("table.parquet");
    try (SparkSession spark =
        SparkSession.builder()
            .master("local[1]")
            .config("spark.ui.enabled", "false")
            .getOrCreate()) {
      spark
          .sql("select * from values (11L, 'One?'), (12L, null) as t(number, question)")
          .coalesce(1)
          .write()
          .parquet(input.toString());
    }
    Path out = temp.resolve("table-out");

    Cli cli = generate(input, out, "--id-column", "number", "--text-column", "question");

    assertEquals(0, cli.status(), cli.err());
    Map<String, Group> rows = byId(out);
    assertEquals(2, rows.size());
    assertEquals(null, Rows.errorCode(rows.get("11")));
    assertTrue(message(rows.get("12")).contains("row 2 has no 'question'"), rows.toString());

    Cli missing = generate(input, temp.resolve("t2"), "--text-column", "answer");
    assertEquals(2, missing.status());
    assertTrue(missing.err().contains("number, question"), missing.err());
  }

  @Test
  void optionsComeFromAFileAndTheCommandLineHasTheLastWord() throws IOException {
    Path input = Files.writeString(temp.resolve("one.jsonl"), "{\"id\":1,\"q\":\"Well?\"}\n");
    Path conf =
        Files.writeString(
            temp.resolve("conf.yaml"),
            String.join(
                "\n",
                "model: " + model,
                "input: [" + input + "]",
                "text-column: q",
                "attention: [dense, infllm-v2]",
                "max-new-tokens: 2",
                "master: local[1]"));
    Path out = temp.resolve("conf-out");

    Cli cli = Cli.run("generate", "--conf", conf, "--out", out, "--max-new-tokens", "1");

    assertEquals(0, cli.status(), cli.err());
    assertEquals(List.of("dense", "infllm-v2"), Rows.column(out, "method"));
    Rows.of(out).forEach(row -> assertTrue(row.getInteger("new_tokens", 0) <= 1));
  }
}
