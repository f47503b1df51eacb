package dev.longspan.spark.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.spark.Cli;
import dev.longspan.spark.Written;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Programs that others wrote, graded in Spark tasks. */
class LiveCodeBenchTest {
  private static final String SUM = "print(sum(map(int, input().split())))";

  @TempDir private static Path temp;
  private static Path data;

  @BeforeAll
  static void rows() throws IOException {
    Written.assumeSandbox();
    StringBuilder rows = new StringBuilder();
    for (int i = 0; i < 3; i++) {
      rows.append(
          """
          {"question_id": "q%d", "question_title": "t", "question_content": "Add.", "platform": "p",\
           "contest_date": "2025-0%d-01T00:00:00", "difficulty": "easy", "starter_code": "",\
           "public_test_cases": "[{\\"input\\": \\"1 2\\", \\"output\\": \\"3\\"}]",\
           "private_test_cases": "[{\\"input\\": \\"5 %d\\", \\"output\\": \\"%d\\"}]",\
           "metadata": "{}"}
          """
              .formatted(i, i + 1, i, 5 + i));
    }
    data = Files.writeString(temp.resolve("test6.jsonl"), rows);
  }

  private static Cli score(Path predictions, Path out, Object... more) {
    List<Object> words =
        new ArrayList<>(
            List.of("score", "--suite", "livecodebench", "--data", data, "--predictions"));
    words.addAll(List.of(predictions, "--out", out, "--master", "local[2]"));
    words.addAll(List.of(more));
    return Cli.run(words.toArray());
  }

  private static double value(Path out, String metric) throws IOException {
    return Written.score(out, "livecodebench", "codegeneration", metric).path("value").asDouble();
  }

  private static List<FileTime> gradeFiles(Path out) throws IOException {
    try (Stream<Path> files = Files.list(out.resolve("grades"))) {
      List<FileTime> times = new ArrayList<>();
      for (Path file : (Iterable<Path>) files.sorted()::iterator) {
        times.add(Files.getLastModifiedTime(file));
      }
      return times;
    }
  }

  @Test
  void programsAreGradedOnceAndReportedWithTheirVerdict() throws IOException {
    Path predictions =
        Files.writeString(
            temp.resolve("outputs.json"),
            """
            [{"question_id": "q0", "code_list": ["%s", "print(3)"]},
             {"question_id": "q1", "output_list":
                 "[\\"```python\\\\n%s\\\\n```\\", \\"I do not know.\\"]"},
             {"question_id": "q2", "code_list": ["print(1 / 0)", "while True: pass"]}]
            """
                .formatted(SUM, SUM));
    Path out = temp.resolve("scored");
    Cli cli = score(predictions, out, "--name", "mine");
    assertEquals(0, cli.status(), cli.err());
    assertEquals(33.33, value(out, "pass@1"));
    assertEquals(66.67, value(out, "pass@2"));
    assertEquals(16.67, value(out, "without_program"));
    String environment = Written.scores(out).at("/suites/0/settings/environment").asText();
    assertTrue(
        environment.matches("Python 3\\.\\d+.*(bubblewrap|namespaces), 6 s a test, 4096 MiB"),
        environment);
    List<FileTime> before = gradeFiles(out);

    Cli again = score(predictions, out, "--name", "mine");
    assertEquals(0, again.status(), again.err());
    assertEquals(before, gradeFiles(out));
    assertEquals(33.33, value(out, "pass@1"));

    // The folder of a scoring is reported as any run.
    Path report = temp.resolve("report.md");
    Cli rendered = Cli.run("report", "--run", out, "--out", report, "--master", "local[1]");
    assertEquals(0, rendered.status(), rendered.err());
    assertTrue(Files.readString(report).contains("mine"), "the method's name");
  }

  @Test
  void verdictsOfARunAreNotFoundAgain() throws IOException {
    Path run = temp.resolve("oracle");
    Cli evaluated =
        Cli.run(
            "evaluate",
            "--suite",
            "livecodebench",
            "--model",
            "oracle",
            "--samples",
            "2",
            "--out",
            run,
            "--master",
            "local[2]");
    assertEquals(0, evaluated.status(), evaluated.err());
    assertEquals(100, value(run, "pass@1"));

    Path again = temp.resolve("again");
    Cli scored = Cli.run("score", "--predictions", run, "--out", again, "--master", "local[1]");
    assertEquals(0, scored.status(), scored.err());
    assertEquals(100, value(again, "pass@1"));
    assertTrue(Files.notExists(again.resolve("grades")), "the run's own verdicts were taken");
  }

  @Test
  void windowsOfDatesAndReleasesSelectProblems() throws IOException {
    Path predictions =
        Files.writeString(
            temp.resolve("some.jsonl"),
            "{\"question_id\": \"q0\", \"code_list\": [\""
                + SUM
                + "\"]}\n"
                + "{\"question_id\": \"q2\", \"code_list\": [\""
                + SUM
                + "\"]}\n");
    Path out = temp.resolve("window");
    Cli cli =
        score(predictions, out, "--from", "2025-02-01", "--to", "2025-03-01", "--release", "v6");
    assertEquals(0, cli.status(), cli.err());
    var run = Written.scores(out).at("/runs/0");
    assertEquals(2, run.path("samples").asInt());
    assertEquals(1, run.path("missing").asInt());
    assertEquals(1, run.path("unmatched").asInt());
    assertEquals(100, value(out, "pass@1"));

    Cli other = score(predictions, temp.resolve("v5"), "--release", "release_v5");
    assertEquals(2, other.status());
    assertTrue(other.err().contains("3 rows were read, and the options select none"), other.err());
    Cli wrong = score(predictions, temp.resolve("v"), "--from", "February");
    assertEquals(2, wrong.status());
    assertTrue(
        wrong.err().contains("--from is 'February'; write a date as 2024-10-01."), wrong.err());
  }

  @Test
  void withoutAnInterpreterNothingBegins() {
    Cli cli =
        Cli.run(
            "evaluate",
            "--suite",
            "livecodebench",
            "--model",
            "oracle",
            "--out",
            temp.resolve("none"),
            "--python",
            "no-such-python");
    assertEquals(2, cli.status(), cli.err());
    assertTrue(
        cli.err().contains("'no-such-python' does not start a Python 3 interpreter"), cli.err());
  }
}
