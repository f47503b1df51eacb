package dev.longspan.eval.score;

import dev.longspan.eval.Scores;
import dev.longspan.eval.Scores.Score;
import dev.longspan.eval.score.ScoredSuite.Cell;
import dev.longspan.eval.score.ScoredSuite.Item;
import dev.longspan.eval.score.SuiteScorer.Figure;
import dev.longspan.eval.stats.Estimate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeSet;
import java.util.stream.IntStream;

/** The values of each method on one suite: by task and length, by length, and over all lengths. */
final class SuiteScoring {
  private final ScoredSuite suite;
  private final long seed;
  private final Map<Integer, List<Cell>> byLength;
  private final Map<Cell, Map<String, Estimate>> estimates = new HashMap<>();

  SuiteScoring(ScoredSuite suite, long seed) {
    this.suite = suite;
    this.seed = seed;
    this.byLength = Scoring.byLength(suite);
    for (Cell cell : suite.cells()) {
      Map<String, Estimate> byMethod = new HashMap<>();
      for (String method : suite.methods()) {
        byMethod.put(method, estimate(suite, cell.items(), method, seed(cell)));
      }
      estimates.put(cell, byMethod);
    }
  }

  private long seed(Cell cell) {
    return Scoring.seed(seed, suite, cell);
  }

  /** Returns what the method's values of some samples make together. */
  static Estimate estimate(ScoredSuite suite, List<Item> items, String method, long seed) {
    List<Item> counting = items.stream().filter(item -> item.counts(method)).toList();
    return suite
        .scorer()
        .scale()
        .estimate(
            counting.stream().mapToDouble(item -> item.value(method)).toArray(),
            counting.stream().mapToDouble(item -> item.weight(method)).toArray(),
            seed);
  }

  /** Returns the estimate of the method's value in the cell, before it is shown. */
  Estimate estimate(Cell cell, String method) {
    return estimates.get(cell).get(method);
  }

  List<Score> scores() {
    List<Score> rows = new ArrayList<>();
    for (List<Cell> cells : byLength.values()) {
      for (Cell cell : cells) {
        for (String method : suite.methods()) {
          String metric = suite.scorer().metric(cell.task());
          Estimate estimate = estimate(cell, method);
          rows.add(
              score(cell.task(), cell.length(), method, metric, scale(), estimate, cell.items()));
        }
      }
      for (String method : suite.methods()) {
        Estimate mean = mean(cells, method);
        int length = cells.get(0).length();
        rows.add(score(Scores.ALL, length, method, Scores.MEAN, scale(), mean, items(cells)));
      }
    }
    for (String method : suite.methods()) {
      for (Figure figure : suite.scorer().figures(suite, method, seed)) {
        rows.add(
            score(
                figure.task(),
                Scores.ALL_LENGTHS,
                method,
                figure.metric(),
                figure.scale(),
                figure.estimate(),
                figure.items()));
      }
    }
    if (suite.cells().stream().allMatch(cell -> cell.length() > 0)) {
      suite.methods().forEach(method -> rows.addAll(overLengths(method)));
    }
    return rows;
  }

  private Scale scale() {
    return suite.scorer().scale();
  }

  private Estimate mean(List<Cell> cells, String method) {
    return Estimate.combine(
        cells.stream().map(cell -> estimate(cell, method)).toList(), equal(cells.size()));
  }

  private List<Score> overLengths(String method) {
    List<Estimate> means = byLength.values().stream().map(cells -> mean(cells, method)).toList();
    int n = means.size();
    double[] increasing = IntStream.rangeClosed(1, n).asDoubleStream().toArray();
    double[] decreasing = IntStream.range(0, n).mapToDouble(i -> n - i).toArray();
    List<Score> rows = new ArrayList<>();
    rows.add(over(method, Scores.AVERAGE, Estimate.combine(means, equal(n))));
    rows.add(over(method, Scores.AVERAGE_INCREASING, Estimate.combine(means, increasing)));
    rows.add(over(method, Scores.AVERAGE_DECREASING, Estimate.combine(means, decreasing)));
    OptionalDouble threshold = suite.scorer().effectiveThreshold();
    if (threshold.isPresent() && means.stream().noneMatch(mean -> Double.isNaN(mean.value()))) {
      double effective = 0;
      int index = 0;
      for (int length : byLength.keySet()) {
        if (100 * means.get(index++).value() <= threshold.getAsDouble()) {
          break;
        }
        effective = length;
      }
      rows.add(
          new Score(
              suite.name(),
              Scores.ALL,
              Scores.ALL_LENGTHS,
              method,
              Scores.EFFECTIVE_LENGTH,
              effective,
              n,
              null,
              null,
              null,
              null,
              null,
              null));
    }
    return rows;
  }

  private Score over(String method, String metric, Estimate estimate) {
    return score(
        Scores.ALL, Scores.ALL_LENGTHS, method, metric, scale(), estimate, items(suite.cells()));
  }

  private Score score(
      String task,
      int length,
      String method,
      String metric,
      Scale scale,
      Estimate estimate,
      List<Item> items) {
    List<Answer> answers =
        items.stream().flatMap(i -> i.answers().getOrDefault(method, List.of()).stream()).toList();
    int missing = (int) items.stream().filter(item -> !item.has(method)).count();
    return new Score(
        suite.name(),
        task,
        length,
        method,
        metric,
        scale.orNull(estimate.value()),
        (int) items.stream().filter(item -> item.counts(method)).count(),
        scale.orNull(estimate.stderr()),
        scale.shown(estimate.interval()),
        (int) answers.stream().filter(answer -> answer.generation().failed()).count(),
        (int) answers.stream().filter(Answer::isNull).count(),
        missing,
        source(items));
  }

  private static List<Item> items(List<Cell> cells) {
    return cells.stream().flatMap(cell -> cell.items().stream()).toList();
  }

  private static String source(List<Item> items) {
    TreeSet<String> sources = new TreeSet<>();
    for (Item item : items) {
      Map<String, String> info = item.sample().info();
      String source = info.getOrDefault("haystack", info.get("data"));
      if (source != null) {
        sources.add(source);
      }
    }
    return sources.isEmpty() ? null : String.join("+", sources);
  }

  static double[] equal(int parts) {
    double[] weights = new double[parts];
    Arrays.fill(weights, 1);
    return weights;
  }

  Map<Integer, List<Cell>> byLength() {
    return Collections.unmodifiableMap(byLength);
  }
}
