package dev.longspan.spark.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.longspan.datasets.Sample;
import dev.longspan.spark.Cli;
import dev.longspan.spark.TinyModel;
import dev.longspan.spark.Written;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** LongPPL on the engine: key tokens of an evaluator, or of files, and the losses of a model. */
class LongPplTest {
  @TempDir private static Path temp;
  private static Path model;
  private static Path documents;

  @BeforeAll
  static void prepare() throws IOException {
    model = TinyModel.write(temp.resolve("model"), 1024, 3);
    StringBuilder rows = new StringBuilder();
    for (int i = 0; i < 3; i++) {
      String fact = "The seal of the mill bears the number " + (7310524 + i) + ". ";
      String filler = "Rain fell over the harbour and the boats stayed at the quay. ".repeat(12);
      rows.append(
          "{\"id\": \"d%d\", \"text\": \"%s\"}%n"
              .formatted(i, fact + filler + fact + filler + fact));
    }
    documents = Files.writeString(temp.resolve("documents.jsonl"), rows);
  }

  private static Cli run(String command, Path model, Path data, Path out, Object... more) {
    List<Object> words = new ArrayList<>(List.of(command, "--suite", "longppl"));
    words.addAll(List.of("--model", model, "--data", data, "--out", out));
    words.addAll(List.of(more));
    if (command.equals("evaluate")) {
      words.addAll(List.of("--master", "local[2]"));
    }
    return Cli.run(words.toArray());
  }

  private static Path evaluate(String name, Object... more) {
    Path out = temp.resolve(name);
    Cli cli = run("evaluate", model, documents, out, more);
    assertEquals(0, cli.status(), cli.err());
    return out;
  }

  private static double value(Path run, String metric) throws IOException {
    return Written.score(run, "longppl", "documents", metric).path("value").asDouble();
  }

  @Test
  void keyTokensOfAnEvaluatorAndThoseOfItsFilesGiveTheSame() throws IOException {
    Object[] settings = {
      "--evaluator", TinyModel.pocket(), "--short-context", "64", "--key-window", "32"
    };
    Path online = evaluate("online", settings);
    assertTrue(value(online, "longppl") > 1);
    assertTrue(value(online, "perplexity") > 1);
    assertTrue(value(online, "key_tokens") > 0);
    assertNotEquals(value(online, "longppl"), value(online, "perplexity"));
    JsonNode suite = Written.scores(online).at("/suites/0/samples");
    assertEquals("pocket", suite.path("evaluator").asText());
    assertEquals(
        "alpha 2.0, beta -2.0, short context 64, window 32", suite.path("key_tokens").asText());

    // The samples of 'prepare' hold the key tokens, in the form of LongPPL's files.
    Path prepared = temp.resolve("prepared.jsonl");
    Cli cli =
        run(
            "prepare",
            TinyModel.pocket(),
            documents,
            prepared,
            "--short-context",
            "64",
            "--key-window",
            "32");
    assertEquals(0, cli.status(), cli.err());
    Path keys = Files.createDirectories(temp.resolve("keys"));
    List<Sample> samples = Written.samples(prepared);
    for (int i = 0; i < samples.size(); i++) {
      Files.writeString(keys.resolve("slice_" + i + ".txt"), samples.get(i).references().get(0));
    }
    String text = samples.get(0).answerPrefix();
    String first = samples.get(0).references().get(0).replaceAll("\\[(\\d+), (\\d+)].*", "$1 $2");
    int start = Integer.parseInt(first.split(" ")[0]);
    assertTrue(start > text.length() / 3, "the first key token comes with the repeated fact");

    Path offline = evaluate("offline", "--key-text", keys);
    assertEquals(value(online, "longppl"), value(offline, "longppl"), 1e-9);
    assertEquals(value(online, "perplexity"), value(offline, "perplexity"), 1e-9);

    // A second run of the same command computes nothing.
    Cli again = run("evaluate", model, documents, offline, "--key-text", keys);
    assertTrue(again.out().contains("6 rows, 6 of them from before."), again.out());
  }

  /**
   * Six documents, whole: tokens, passes, key tokens, characters, losses. The expected figures are
   * those of a program in another language that shares no code with this one: a forward pass in
   * float64, and key tokens by their definition. No token is nearer to a bound than 2e-3.
   */
  @Test
  void theDefaultModelAgreesWithAnIndependentComputation() throws IOException, URISyntaxException {
    Path given = Path.of(LongPplTest.class.getResource("/longppl/documents.jsonl").toURI());
    Path out = temp.resolve("independent");
    Cli cli =
        run(
            "evaluate",
            TinyModel.pocket(),
            given,
            out,
            "--attention",
            "dense",
            "--short-context",
            "128",
            "--key-window",
            "64");
    assertEquals(0, cli.status(), cli.err());
    assertEquals(2.760933269, value(out, "longppl"), 1e-6 * 2.76);
    assertEquals(74.141178486, value(out, "perplexity"), 1e-6 * 74.1);
    assertEquals(Math.round(1e4 * 162 / 3653.0) / 100.0, value(out, "key_tokens"));
  }

  @Test
  void keyTokensOfAnotherTextAreRefused() throws IOException {
    Path keys = Files.createDirectories(temp.resolve("other"));
    for (int i = 0; i < 3; i++) {
      Files.writeString(keys.resolve("slice_" + i + ".txt"), "[3, 9];[70000, 70012]");
    }
    Path out = temp.resolve("refused");
    Cli cli = run("evaluate", model, documents, out, "--key-text", keys);
    assertEquals(2, cli.status(), cli.err());
    assertTrue(cli.err().contains("ends at character 70,012, but document d"), cli.err());
    Files.delete(keys.resolve("slice_2.txt"));
    Cli missing = run("evaluate", model, documents, out, "--key-text", keys);
    assertEquals(2, missing.status());
    assertTrue(missing.err().contains("has no slice_2.txt, but 3 documents"), missing.err());
  }

  @Test
  void documentsAreChosenAndCutByTokens() throws IOException {
    Path out = temp.resolve("cut.jsonl");
    Cli cli =
        run(
            "prepare",
            model,
            documents,
            out,
            "--document-min-tokens",
            "100",
            "--document-max-tokens",
            "120",
            "--short-context",
            "64",
            "--samples",
            "2");
    assertEquals(0, cli.status(), cli.err());
    List<Sample> samples = Written.samples(out);
    assertEquals(2, samples.size());
    assertTrue(samples.get(0).answerPrefix().length() < 600, samples.get(0).answerPrefix());
    Cli none = run("prepare", model, documents, out, "--document-min-tokens", "5000");
    assertEquals(2, none.status());
    assertTrue(none.err().contains("3 rows were read, and the options select none"), none.err());
  }

  @Test
  void anEvaluatorWithoutRoomIsToldApart() {
    Cli cli =
        Cli.run(
            "evaluate",
            "--suite",
            "longppl",
            "--model",
            model,
            "--samples",
            "1",
            "--out",
            temp.resolve("small"),
            "--master",
            "local[1]");
    assertEquals(2, cli.status(), cli.err());
    assertTrue(
        cli.err().contains("The evaluator can't find the key tokens of document own-01"),
        cli.err());
  }
}
