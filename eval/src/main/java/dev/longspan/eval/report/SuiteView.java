package dev.longspan.eval.report;

import dev.longspan.eval.Scores;
import dev.longspan.eval.Scores.Paired;
import dev.longspan.eval.Scores.Run;
import dev.longspan.eval.Scores.Score;
import dev.longspan.eval.stats.Interval;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The scores of one suite, ready to be looked up by row, column and method. */
final class SuiteView {
  private static final Set<String> STANDARD =
      Set.of(
          Scores.MEAN,
          Scores.AVERAGE,
          Scores.AVERAGE_INCREASING,
          Scores.AVERAGE_DECREASING,
          Scores.EFFECTIVE_LENGTH,
          Scores.RETENTION,
          Scores.PREFILL_RATE,
          Scores.DECODE_RATE);

  private static final int PERCENT_DECIMALS = 1;
  private static final int PERPLEXITY_DECIMALS = 3;

  private final String name;
  private final Scores.Suite suite;
  private final List<Run> runs;
  private final List<String> tasks;
  private final List<Integer> lengths;
  private final List<Paired> paired;
  private final List<Score> figures = new ArrayList<>();
  private final Map<List<Object>, Score> byMetric = new HashMap<>();
  private final Map<List<Object>, Score> byTask = new HashMap<>();
  private final Map<List<Object>, Paired> byPair = new HashMap<>();

  private SuiteView(Scores scores, String name) {
    this.name = name;
    suite = scores.suites().stream().filter(s -> s.suite().equals(name)).findFirst().orElseThrow();
    runs = scores.runs().stream().filter(run -> run.suite().equals(name)).toList();
    paired = scores.paired().stream().filter(p -> p.suite().equals(name)).toList();
    List<Score> rows = scores.scores().stream().filter(s -> s.suite().equals(name)).toList();
    // A suite's own figures follow the values of its cells and may bear the names of tasks.
    List<String> known = suite.tasks();
    List<Score> cells = new ArrayList<>();
    for (Score row : rows) {
      List<Object> key = List.of(row.task(), row.length(), row.method());
      if (row.task().equals(Scores.ALL)) {
        if (STANDARD.contains(row.metric())) {
          byMetric.put(List.of(row.metric(), row.length(), row.method()), row);
        } else {
          figures.add(row);
        }
      } else if (known.contains(row.task()) && !byTask.containsKey(key)) {
        byTask.put(key, row);
        cells.add(row);
      } else {
        figures.add(row);
      }
    }
    tasks = cells.stream().map(Score::task).distinct().toList();
    lengths = cells.stream().map(Score::length).distinct().sorted().toList();
    paired.forEach(p -> byPair.put(List.of(p.task(), p.length(), p.method()), p));
  }

  static List<SuiteView> of(Scores scores) {
    return scores.runs().stream()
        .map(Run::suite)
        .distinct()
        .map(suite -> new SuiteView(scores, suite))
        .toList();
  }

  String name() {
    return name;
  }

  /** Returns what was asked and how it was scored. */
  Scores.Suite suite() {
    return suite;
  }

  /** Returns whether values are percentages; they are perplexities otherwise. */
  boolean percent() {
    return suite.better().equals("higher");
  }

  /** Returns whether the suite has samples of several lengths, or of one that was asked for. */
  boolean hasLengths() {
    return longest() > 0;
  }

  /** Returns a value of the suite as text. */
  String text(Double value) {
    return percent() ? Format.score(value) : Format.perplexity(value);
  }

  String text(Interval interval) {
    return Format.interval(interval, decimals());
  }

  /** Returns a difference of two values as text. */
  String signed(double delta) {
    return Format.signed(delta, decimals());
  }

  String signed(Interval interval) {
    return Format.signedInterval(interval, decimals());
  }

  private int decimals() {
    return percent() ? PERCENT_DECIMALS : PERPLEXITY_DECIMALS;
  }

  List<Run> runs() {
    return runs;
  }

  /** Returns the methods, the baseline first. */
  List<String> methods() {
    return runs.stream().map(Run::method).toList();
  }

  /** Returns the baseline, or null if nothing is compared. */
  String baseline() {
    return paired.isEmpty() ? null : paired.get(0).baseline();
  }

  /** Returns the methods that are compared with the baseline. */
  List<String> compared() {
    return paired.stream().map(Paired::method).distinct().toList();
  }

  List<String> tasks() {
    return tasks;
  }

  /** Returns the lengths, ascending. */
  List<Integer> lengths() {
    return lengths;
  }

  int longest() {
    return lengths.get(lengths.size() - 1);
  }

  /** Returns the values that only this suite has, such as means of groups of tasks. */
  List<Score> figures() {
    return figures;
  }

  List<Paired> paired() {
    return paired;
  }

  /** Returns the score of a task, or the mean over tasks for {@link Scores#ALL}; null if none. */
  Score score(String task, int length, String method) {
    return task.equals(Scores.ALL)
        ? metric(Scores.MEAN, length, method)
        : byTask.get(List.of(task, length, method));
  }

  /** Returns a value over all tasks, null if there is none. */
  Score metric(String metric, int length, String method) {
    return byMetric.get(List.of(metric, length, method));
  }

  /** Returns a value over all tasks, NaN if there is none. */
  double value(String metric, int length, String method) {
    Score score = metric(metric, length, method);
    return score == null || score.value() == null ? Double.NaN : score.value();
  }

  /** Returns how often the method's rate is the baseline's; NaN if one of them is unknown. */
  double speedup(String rate, int length, String method) {
    return baseline() == null
        ? Double.NaN
        : value(rate, length, method) / value(rate, length, baseline());
  }

  /** Returns the comparison, or null if there is none. */
  Paired pair(String task, int length, String method) {
    return byPair.get(List.of(task, length, method));
  }

  /** Returns the effective length as text, with a sign where it lies beyond what was tested. */
  String effective(String method) {
    double value = value(Scores.EFFECTIVE_LENGTH, Scores.ALL_LENGTHS, method);
    if (Double.isNaN(value)) {
      return Format.NONE;
    }
    if (value == 0) {
      return "< " + Format.count(lengths.get(0));
    }
    return (value == longest() ? "≥ " : "") + Format.count((long) value);
  }
}
