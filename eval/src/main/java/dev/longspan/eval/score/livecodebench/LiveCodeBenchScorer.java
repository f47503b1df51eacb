package dev.longspan.eval.score.livecodebench;

import dev.longspan.datasets.Sample;
import dev.longspan.datasets.livecodebench.CodeTests;
import dev.longspan.datasets.livecodebench.LiveCodeBench;
import dev.longspan.eval.SampleSummary;
import dev.longspan.eval.code.CodeExtraction;
import dev.longspan.eval.code.CodeGrades;
import dev.longspan.eval.code.CodeVerdict;
import dev.longspan.eval.score.Answer;
import dev.longspan.eval.score.Attempts;
import dev.longspan.eval.score.ScoredSuite;
import dev.longspan.eval.score.ScoredSuite.Cell;
import dev.longspan.eval.score.ScoredSuite.Item;
import dev.longspan.eval.score.SuiteScorer;
import dev.longspan.eval.stats.Estimate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * LiveCodeBench's scoring (Jain et al. 2025): a program is right if it passes every test. Verdicts
 * are not found here, where nothing runs, but looked up.
 *
 * <p>The task's own value is pass@1, the mean over problems of the share of right programs. Beside
 * it stand the unbiased pass@k, where every problem has k programs, and pass@1 by difficulty.
 */
public final class LiveCodeBenchScorer implements SuiteScorer {
  private final CodeGrades grades;

  /** Returns a scorer that looks verdicts up in {@code grades}. */
  public LiveCodeBenchScorer(CodeGrades grades) {
    this.grades = grades;
  }

  @Override
  public String suite() {
    return LiveCodeBench.SUITE;
  }

  @Override
  public String version() {
    return "1";
  }

  @Override
  public List<String> tasks() {
    return List.of(LiveCodeBench.TASK);
  }

  @Override
  public String metric(String task) {
    return "pass@1";
  }

  @Override
  public Map<String, String> settings(List<String> tasks) {
    return Map.of("environment", grades.environment());
  }

  /** Returns the program in an answer, by the official rule. */
  @Override
  public String clean(String text) {
    return CodeExtraction.program(text);
  }

  @Override
  public double value(SampleSummary sample, String answer) {
    return verdict(sample, answer).passed() ? 1 : 0;
  }

  @Override
  public String remark(SampleSummary sample, String answer) {
    String message = verdict(sample, answer).message();
    return message == null ? "every test passed" : message;
  }

  private CodeVerdict verdict(SampleSummary sample, String program) {
    return grades.of(sample.references().get(0), program);
  }

  /** Returns a program that knows the tests' answers by heart. */
  @Override
  public String oracle(Sample sample) {
    CodeTests tests =
        CodeTests.unpack(
            "the reference of LiveCodeBench " + sample.id(), sample.references().get(0));
    return "```python\n" + LookupProgram.of(tests) + "\n```\n";
  }

  @Override
  public List<Figure> figures(ScoredSuite suite, String method, long seed) {
    List<Figure> figures = new ArrayList<>();
    for (Cell cell : suite.cells()) {
      List<Item> items = cell.items().stream().filter(item -> item.has(method)).toList();
      for (int k : Attempts.sizes(items, method)) {
        figures.add(
            figure(
                cell, "pass@" + k, items, seed, i -> Attempts.passAt(k, i.answers().get(method))));
      }
      for (String difficulty : List.of("easy", "medium", "hard")) {
        List<Item> some =
            items.stream()
                .filter(item -> difficulty.equals(item.sample().info().get("difficulty")))
                .toList();
        if (!some.isEmpty()) {
          figures.add(figure(cell, "pass@1_" + difficulty, some, seed, item -> item.value(method)));
        }
      }
      figures.add(
          figure(cell, "without_program", items, seed, i -> empty(i.answers().get(method))));
    }
    return figures;
  }

  private static Figure figure(
      Cell cell, String metric, List<Item> items, long seed, ToDoubleFunction<Item> value) {
    double[] values = items.stream().mapToDouble(value).toArray();
    return new Figure(
        cell.task(), metric, Estimate.of(values, seed * 31 + metric.hashCode()), items);
  }

  private static double empty(List<Answer> answers) {
    return (double) answers.stream().filter(Answer::isNull).count() / answers.size();
  }
}
