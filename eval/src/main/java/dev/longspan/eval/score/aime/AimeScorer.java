package dev.longspan.eval.score.aime;

import dev.longspan.datasets.Sample;
import dev.longspan.datasets.aime.Aime;
import dev.longspan.eval.SampleSummary;
import dev.longspan.eval.score.Answer;
import dev.longspan.eval.score.Attempts;
import dev.longspan.eval.score.ScoredSuite;
import dev.longspan.eval.score.ScoredSuite.Cell;
import dev.longspan.eval.score.ScoredSuite.Item;
import dev.longspan.eval.score.SuiteScorer;
import dev.longspan.eval.stats.Estimate;
import dev.longspan.eval.text.Thinking;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * AIME: right or wrong by a grader, over several answers to each problem.
 *
 * <p>The task's own value is avg@n, the mean over problems of the fraction of right answers; its
 * error treats the problem, not the answer, as the unit that was drawn. Beside it stand pass@k,
 * maj@n and the fraction of answers whose thinking never came to an end.
 */
public final class AimeScorer implements SuiteScorer {
  private final AimeGrader grader;

  /** Returns a scorer that grades by {@code grader}. */
  public AimeScorer(AimeGrader grader) {
    this.grader = grader;
  }

  @Override
  public String suite() {
    return Aime.SUITE;
  }

  @Override
  public String version() {
    return "1";
  }

  @Override
  public List<String> tasks() {
    return Aime.YEARS;
  }

  @Override
  public Map<String, String> settings(List<String> tasks) {
    return Map.of("grader", grader.id());
  }

  @Override
  public String oracle(Sample sample) {
    return "\\boxed{" + sample.references().get(0) + "}";
  }

  @Override
  public String metric(String task) {
    return "accuracy[" + grader.id() + "]";
  }

  @Override
  public String clean(String text) {
    return grader.clean(text);
  }

  @Override
  public double value(SampleSummary sample, String answer) {
    String extracted = grader.extract(answer);
    return extracted != null && grader.same(extracted, sample.references().get(0)) ? 1 : 0;
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
      int least = Attempts.least(items, method);
      if (least > 1) {
        figures.add(figure(cell, "avg@" + least, items, seed, item -> item.value(method)));
        figures.add(figure(cell, "maj@" + least, items, seed, i -> majority(i, method)));
      }
      figures.add(
          figure(
              cell, "thinking_unfinished", items, seed, i -> unfinished(i.answers().get(method))));
    }
    return figures;
  }

  private static Figure figure(
      Cell cell, String metric, List<Item> items, long seed, ToDoubleFunction<Item> value) {
    double[] values = items.stream().mapToDouble(value).toArray();
    return new Figure(
        cell.task(), metric, Estimate.of(values, seed * 31 + cell.task().hashCode()), cell.items());
  }

  private double majority(Item item, String method) {
    List<String> extracted = new ArrayList<>();
    for (Answer answer : item.answers().get(method)) {
      extracted.add(answer.generation().failed() ? null : grader.extract(answer.text()));
    }
    String majority = Attempts.majority(extracted, grader::same);
    return majority != null && grader.same(majority, item.sample().references().get(0)) ? 1 : 0;
  }

  private static double unfinished(List<Answer> answers) {
    long count =
        answers.stream()
            .filter(answer -> !answer.generation().failed())
            .filter(answer -> Thinking.unfinished(answer.generation().text()))
            .count();
    return (double) count / answers.size();
  }
}
