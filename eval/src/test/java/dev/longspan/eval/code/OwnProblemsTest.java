package dev.longspan.eval.code;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.longspan.datasets.MiddleCut;
import dev.longspan.datasets.Sample;
import dev.longspan.datasets.livecodebench.CodeTests;
import dev.longspan.datasets.livecodebench.CodeTests.CodeTest;
import dev.longspan.datasets.livecodebench.LiveCodeBench;
import dev.longspan.datasets.livecodebench.Releases;
import dev.longspan.eval.score.SuiteScorer;
import dev.longspan.eval.score.SuiteScorers;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Our own problems: their tests accept a solution and the oracle's program, and nothing else. */
class OwnProblemsTest {
  private static Sandbox sandbox;
  private static CodeGrader grader;

  @BeforeAll
  static void open() throws IOException {
    try {
      sandbox = Sandbox.open("python3", CodeLimits.DEFAULT, false);
    } catch (IllegalStateException e) {
      abort(e.getMessage());
    }
    grader = new CodeGrader(sandbox, CodeLimits.DEFAULT);
  }

  @AfterAll
  static void close() throws IOException {
    if (sandbox != null) {
      sandbox.close();
    }
  }

  static List<Sample> samples() {
    LiveCodeBench suite =
        new LiveCodeBench(LiveCodeBench.ownPrompts(), Releases.ALL, null, null, null);
    return suite.own().stream()
        .map(row -> suite.sample(row, LiveCodeBench.TASK, MiddleCut.NONE))
        .toList();
  }

  private static CodeTests tests(Sample sample) {
    return CodeTests.unpack(sample.id(), sample.references().get(0));
  }

  @ParameterizedTest
  @MethodSource("samples")
  void solutionsPassAndTheOracleToo(Sample sample) throws IOException {
    String solution;
    try (InputStream in = OwnProblemsTest.class.getResourceAsStream(sample.id() + ".py")) {
      solution = new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
    CodeVerdict verdict = grader.grade(0, tests(sample), solution);
    assertTrue(verdict.passed(), verdict.toString());
    assertEquals(tests(sample).tests().size(), verdict.results().size());

    SuiteScorer scorer = SuiteScorers.standard().of(LiveCodeBench.SUITE);
    String oracle = scorer.clean(scorer.oracle(sample));
    assertTrue(grader.grade(0, tests(sample), oracle).passed(), oracle);
    assertFalse(grader.grade(0, tests(sample), scorer.clean(scorer.nothing(sample))).passed());
  }

  @Test
  void theOracleKnowsTestsWithEveryKindOfText() throws IOException {
    SuiteScorer scorer = SuiteScorers.standard().of(LiveCodeBench.SUITE);
    CodeTests tests =
        new CodeTests(
            null,
            List.of(
                new CodeTest("```\n\"quoted\" \\n 'x'\r\n", "`` ` ```"),
                new CodeTest("ü 文字 \ud83d\ude00\n\t", "文字")));
    Sample sample = samples().get(0).withReferences(List.of(tests.pack()));
    String program = scorer.clean(scorer.oracle(sample));
    CodeVerdict verdict = grader.grade(0, tests, program);
    assertTrue(verdict.passed(), verdict + program);
  }
}
