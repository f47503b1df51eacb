package dev.longspan.spark.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.spark.Cli;
import dev.longspan.spark.TinyModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a user sees who made a mistake: one message that says what to do, and exit status 2. */
class WrongUseTest {
  @TempDir private static Path temp;
  private static Path model;

  @BeforeAll
  static void model() throws IOException {
    model = TinyModel.write(temp.resolve("model"), 1024, 1);
  }

  /** Runs a command that must be refused, and returns the message. */
  private static String refused(Object... words) {
    Cli cli = Cli.run(words);
    assertEquals(2, cli.status(), cli.err());
    assertTrue(cli.err().startsWith("longspan: "), cli.err());
    assertFalse(cli.err().contains("\tat "), cli.err());
    return cli.err();
  }

  private static String evaluate(Object... more) {
    List<Object> words =
        new ArrayList<>(
            List.of("evaluate", "--model", model, "--tasks", "vt", "--out", temp.resolve("out")));
    words.addAll(List.of(more));
    return refused(words.toArray());
  }

  private static void assertSays(String message, String... parts) {
    for (String part : parts) {
      assertTrue(message.contains(part), () -> "'" + part + "' is not in: " + message);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--tasks|niah|'niah' is no task of ruler|niah_single_1, niah_single_2",
        "--suite|mmlu|'mmlu' is unknown|ruler",
        "--attention|flash|'flash' is unknown|dense, infllm-v2",
        "--attention|dense,dense|names a method twice|dense,dense",
        "--backend|tpu|'tpu' is unknown|auto, cuda, vector, scalar",
        "--lengths|100|--lengths is 100|at least 512",
        "--samples|0|--samples is 0|at least 1",
        "--temperature|-1|--temperature is -1.0|at least 0.0",
        "--top-p|1.5|--top-p is 1.5|at most 1",
        "--attempts|3|--temperature is 0|Set a temperature",
        "--templates|nowhere.json|nowhere.json|no such file",
        "--chunk-tokens|0|--chunk-tokens is 0|at least 1",
        "--lse|precise|'--lse'|precise",
        "--master|mars|--master mars is no Spark master|mars"
      })
  void valuesOfOptions(String option, String value, String first, String second) {
    assertSays(evaluate(option, value), first, second);
  }

  @Test
  void unknownOptionsAndCommandsAreNamedWithTheLikeliest() {
    assertSays(evaluate("--sampels", "3"), "Unknown option", "--sampels", "--samples");
    assertSays(refused("evalute"), "evalute", "evaluate");
    assertSays(refused(), "a command is missing", "--help");
    assertSays(refused("evaluate", "--out", "x"), "Missing required option", "--model");
  }

  @Test
  void theModelMustBeThere() throws IOException {
    Path nowhere = temp.resolve("nowhere");
    assertSays(
        refused("evaluate", "--model", nowhere, "--out", temp.resolve("out")),
        nowhere.toString(),
        "does not exist",
        "config.json");
    Path file = Files.writeString(temp.resolve("file"), "x");
    assertSays(refused("evaluate", "--model", file, "--out", temp.resolve("out")), "is a file");
    Path empty = Files.createDirectories(temp.resolve("empty"));
    assertSays(
        refused("evaluate", "--model", empty, "--out", temp.resolve("out")),
        "has no weights",
        "model.safetensors");
    assertSays(
        refused("evaluate", "--model", "file:" + nowhere, "--out", temp.resolve("out")),
        "does not exist");
    assertSays(
        refused("evaluate", "--model", "gopher://host/model", "--out", temp.resolve("out")),
        "gopher");
    assertSays(refused("prepare", "--model", empty, "--out", temp.resolve("x.jsonl")), "tokenizer");
  }

  @Test
  void theOutputFolderMustBeUsable() throws IOException {
    Path file = Files.writeString(temp.resolve("a-file"), "x");
    assertSays(
        refused("evaluate", "--model", model, "--tasks", "vt", "--out", file),
        "is a file",
        "--out names a folder");
    assertSays(
        refused("evaluate", "--model", model, "--tasks", "vt", "--out", file.resolve("below")),
        "Can't write to " + file.resolve("below"),
        "permissions");
    Path other = Files.createDirectories(temp.resolve("other"));
    Files.writeString(other.resolve("notes.txt"), "mine");
    assertSays(
        refused("evaluate", "--model", model, "--tasks", "vt", "--out", other, "--overwrite"),
        "no run folder",
        "another folder");
    assertEquals("mine", Files.readString(other.resolve("notes.txt")));
    assertSays(evaluate("--resume", "--overwrite"), "exclude each other");
  }

  @Test
  void inputMustBeThereAndNotEmpty() throws IOException {
    Path empty = Files.writeString(temp.resolve("empty.jsonl"), "");
    Path blank = Files.writeString(temp.resolve("blank.jsonl"), "\n  \n");
    Path odd = Files.writeString(temp.resolve("rows.csv"), "a,b\n");
    Path out = temp.resolve("generated");
    assertSays(
        refused("generate", "--model", model, "--input", empty, "--out", out),
        "The input is empty",
        "empty.jsonl");
    assertSays(
        refused("generate", "--model", model, "--input", blank, "--out", out),
        "The input is empty");
    assertSays(
        refused("generate", "--model", model, "--input", temp.resolve("no*.jsonl"), "--out", out),
        "no such file");
    assertSays(
        refused("generate", "--model", model, "--input", odd, "--out", out),
        "rows.csv",
        "--format jsonl, parquet or text");
    assertSays(
        refused(
            "generate",
            "--model",
            model,
            "--input",
            blank,
            "--out",
            out,
            "--text-column",
            "a",
            "--messages-column",
            "b"),
        "exclude each other");
  }

  @Test
  void reportsAndScoresNeedARun() throws IOException {
    Path nowhere = temp.resolve("no-run");
    assertSays(
        refused("report", "--run", nowhere, "--out", temp.resolve("r.html")),
        "no run folder",
        "manifest.json");
    assertSays(
        refused("report", "--run", nowhere, "--out", temp.resolve("r.pdf")), ".html, .md, .xml");
    assertSays(
        refused("score", "--predictions", nowhere, "--out", temp.resolve("s")), "no such file");
    Path bare =
        Files.writeString(temp.resolve("bare.jsonl"), "{\"sample_id\":\"1\",\"text\":\"\"}");
    assertSays(
        refused("score", "--predictions", bare, "--out", temp.resolve("s")), "--sample-file");
  }

  @Test
  void confFilesAreCheckedByNameAndShape() throws IOException {
    Path typo = Files.writeString(temp.resolve("typo.yaml"), "lenghts: [1024]\n");
    assertSays(
        evaluate("--conf", typo), "'lenghts' is no option", "the nearest is 'lengths'", "samples");
    Path list = Files.writeString(temp.resolve("list.yaml"), "- a\n");
    assertSays(evaluate("--conf", list), "write each as 'name: value'");
    Path broken = Files.writeString(temp.resolve("broken.yaml"), "lengths: [1024\n");
    assertSays(evaluate("--conf", broken), "broken.yaml", "line ");
    Path nested = Files.writeString(temp.resolve("nested.yaml"), "samples: {a: 1}\n");
    assertSays(evaluate("--conf", nested), "samples has no plain value");
    Path many = Files.writeString(temp.resolve("many.yaml"), "samples: [1, 2]\n");
    assertSays(evaluate("--conf=" + many), "samples is a list");
    assertSays(evaluate("--conf", temp.resolve("none.yaml")), "there is no such file");
    Path bad = Files.writeString(temp.resolve("bad.yaml"), "samples: many\n");
    assertSays(evaluate("--conf", bad), "--samples", "many");
  }

  @Test
  void debugAddsTheStackTrace() {
    Cli cli = Cli.run("evaluate", "--model", temp.resolve("x"), "--out", "y", "--debug");
    assertEquals(2, cli.status());
    assertTrue(cli.err().contains("\tat "), cli.err());
  }

  @ParameterizedTest
  @ValueSource(strings = {"demo", "evaluate", "generate", "prepare", "score", "report", "bench"})
  void everyCommandHasHelpWithAnExample(String command) {
    Cli cli = Cli.run(command, "--help");
    assertEquals(0, cli.status(), cli.err());
    assertSays(cli.out(), "Usage: longspan " + command, "Example", "  longspan " + command);
  }

  @Test
  void helpAndVersion() {
    assertSays(Cli.run("--help").out(), "evaluate", "demo", "Exit status");
    assertSays(Cli.run("--version").out(), "longspan ", "Spark 4.1.1", "Java ");
    assertEquals(0, Cli.run("help", "evaluate").status());
  }
}
