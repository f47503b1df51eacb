package dev.longspan.eval.score.longbench;

import dev.longspan.datasets.longbench.LongBenchTask;
import dev.longspan.eval.Scores;
import dev.longspan.eval.score.ScoredSuite;
import dev.longspan.eval.score.ScoredSuite.Cell;
import dev.longspan.eval.score.ScoredSuite.Item;
import dev.longspan.eval.score.SuiteScorer.Figure;
import dev.longspan.eval.stats.Estimate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What LongBench reports beside its sets: means of groups of sets, and LongBench-E's ranges. */
final class LongBenchFigures {
  /** Metric of a group: the unweighted mean of its sets. */
  static final String GROUP_MEAN = "group_mean";

  /** Metric of the whole: the unweighted mean of the groups' means. */
  static final String OVERALL = "overall";

  /** Key of a sample's info: the length that the row states, in words or Chinese characters. */
  static final String LENGTH = "length";

  private static final List<String> RANGES = List.of("0-4k", "4-8k", "8k+");

  private LongBenchFigures() {}

  static List<Figure> of(ScoredSuite suite, String method, long seed) {
    Map<String, Estimate> estimates = new LinkedHashMap<>();
    Map<String, List<Item>> items = new HashMap<>();
    List<Figure> figures = new ArrayList<>();
    for (Cell cell : suite.cells()) {
      if (LongBenchTask.find(cell.task()).isPresent()) {
        estimates.put(cell.task(), estimate(cell.items(), method, seed(seed, cell.task())));
        items.put(cell.task(), cell.items());
      } else {
        figures.addAll(ranges(cell, method, seed));
      }
    }
    List<Figure> groups = new ArrayList<>();
    for (String group : LongBenchTask.groups()) {
      List<String> tasks =
          estimates.keySet().stream()
              .filter(task -> LongBenchTask.of(task).group().equals(group))
              .toList();
      if (!tasks.isEmpty()) {
        Estimate mean = mean(tasks.stream().map(estimates::get).toList());
        List<Item> all = tasks.stream().flatMap(task -> items.get(task).stream()).toList();
        groups.add(new Figure(group, GROUP_MEAN, mean, all));
      }
    }
    figures.addAll(groups);
    if (groups.size() > 1) {
      Estimate overall = mean(groups.stream().map(Figure::estimate).toList());
      List<Item> all = groups.stream().flatMap(group -> group.items().stream()).toList();
      figures.add(new Figure(Scores.ALL, OVERALL, overall, all));
    }
    return figures;
  }

  private static Estimate mean(List<Estimate> parts) {
    double[] weights = new double[parts.size()];
    Arrays.fill(weights, 1);
    return Estimate.combine(parts, weights);
  }

  /** Each set is drawn by itself, and for every method alike. */
  static long seed(long seed, String name) {
    return seed * 31 + name.hashCode();
  }

  static Estimate estimate(List<Item> items, String method, long seed) {
    double[] values =
        items.stream()
            .filter(item -> item.has(method))
            .mapToDouble(item -> item.value(method))
            .toArray();
    return Estimate.of(values, seed);
  }

  private static List<Figure> ranges(Cell cell, String method, long seed) {
    List<Figure> figures = new ArrayList<>();
    for (String range : RANGES) {
      List<Item> items = cell.items().stream().filter(i -> range(i).equals(range)).toList();
      figures.add(
          new Figure(
              cell.task(), range, estimate(items, method, seed(seed, cell.task() + range)), items));
    }
    return figures;
  }

  private static String range(Item item) {
    String length = item.sample().info().getOrDefault(LENGTH, "");
    try {
      return RANGES.get(Math.min(2, Integer.parseInt(length) / 4000));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "LongBench sample "
              + item.sample().task()
              + "/"
              + item.sample().id()
              + ": info 'length' is '"
              + length
              + "', not a number; LongBench-E is scored by length, so prepare the samples again",
          e);
    }
  }
}
