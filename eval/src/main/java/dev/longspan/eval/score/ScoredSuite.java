package dev.longspan.eval.score;

import dev.longspan.eval.Generation;
import dev.longspan.eval.SampleSummary;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The samples of one suite with the scored rows of every method, each row at its sample.
 *
 * <p>The order does not depend on that of the rows: cells by length and task, methods with the
 * baseline first, samples by id.
 */
public final class ScoredSuite {
  /**
   * One sample and what the methods answered.
   *
   * @param sample the sample
   * @param answers by method, then by attempt; a method without a row is not in it
   */
  public record Item(SampleSummary sample, Map<String, List<Answer>> answers) {
    /** Returns the method's value, the mean over its attempts; NaN without a row. */
    public double value(String method) {
      List<Answer> rows = answers.getOrDefault(method, List.of());
      return rows.stream().mapToDouble(Answer::value).sum() / rows.size();
    }

    /** Returns the method's weight, the mean over its attempts; NaN without a row. */
    public double weight(String method) {
      List<Answer> rows = answers.getOrDefault(method, List.of());
      return rows.stream().mapToDouble(Answer::weight).sum() / rows.size();
    }

    /** Returns whether the method has a row for the sample. */
    public boolean has(String method) {
      return answers.containsKey(method);
    }

    /** Returns whether the method has a row for the sample that says something about it. */
    public boolean counts(String method) {
      return weight(method) > 0;
    }
  }

  /**
   * The samples of one task at one length.
   *
   * @param task task
   * @param length length in tokens
   * @param items its samples
   */
  public record Cell(String task, int length, List<Item> items) {}

  private final SuiteScorer scorer;
  private final List<String> methods;
  private final List<Cell> cells;
  private final Map<String, List<Generation>> duplicates = new HashMap<>();
  private final Map<String, List<Generation>> unmatched = new HashMap<>();

  private ScoredSuite(SuiteScorer scorer, List<String> methods, List<Cell> cells) {
    this.scorer = scorer;
    this.methods = methods;
    this.cells = cells;
  }

  /**
   * Scores all rows, suite by suite in alphabetical order.
   *
   * <p>Of several rows for the same attempt at a sample an answer is kept before a failure, and the
   * first of equals; the rest and the rows without a sample are left out and counted.
   *
   * @param baseline the method that comes first; may be null, and need not have rows
   * @param scorers how answers are scored
   * @throws IllegalArgumentException if nothing is there, a suite is unknown, a sample occurs twice
   *     or has no reference
   */
  public static List<ScoredSuite> of(
      List<SampleSummary> samples,
      List<Generation> generations,
      String baseline,
      SuiteScorers scorers) {
    if (samples.isEmpty()) {
      throw new IllegalArgumentException(
          "there are no samples to score; prepare the suite first, or check the samples folder");
    }
    Set<String> methods = new TreeSet<>();
    Map<String, List<Generation>> rows = new TreeMap<>();
    samples.forEach(sample -> rows.put(sample.suite(), new ArrayList<>()));
    for (Generation row : generations) {
      methods.add(row.method());
      List<Generation> suiteRows = rows.get(row.suite());
      if (suiteRows == null) {
        throw new IllegalArgumentException(
            String.format(
                "generation %s is of the suite '%s', which has no samples here; samples are of %s",
                name(row), row.suite(), rows.keySet()));
      }
      suiteRows.add(row);
    }
    if (methods.isEmpty()) {
      throw new IllegalArgumentException(
          "there are no generations to score for "
              + samples.size()
              + " samples; run the evaluation first, or check the generations folder");
    }
    List<String> order = new ArrayList<>(methods);
    if (order.remove(baseline)) {
      order.add(0, baseline);
    }
    List<ScoredSuite> suites = new ArrayList<>();
    rows.forEach(
        (suite, suiteRows) -> suites.add(suite(scorers.of(suite), samples, suiteRows, order)));
    return suites;
  }

  private static ScoredSuite suite(
      SuiteScorer scorer,
      List<SampleSummary> samples,
      List<Generation> rows,
      List<String> methods) {
    Map<List<Object>, Item> items = new LinkedHashMap<>();
    samples.stream()
        .filter(sample -> sample.suite().equals(scorer.suite()))
        .sorted(Comparator.comparing(SampleSummary::id, ScoredSuite::compareIds))
        .forEach(sample -> add(items, sample));
    ScoredSuite suite = new ScoredSuite(scorer, List.copyOf(methods), cells(items, scorer));
    Map<List<Object>, Generation> kept = new LinkedHashMap<>();
    for (Generation row : rows) {
      if (!items.containsKey(key(row))) {
        suite.unmatched.computeIfAbsent(row.method(), m -> new ArrayList<>()).add(row);
        continue;
      }
      Generation other = kept.putIfAbsent(attempt(row), row);
      if (other != null) {
        boolean better = other.failed() && !row.failed();
        if (better) {
          kept.put(attempt(row), row);
        }
        suite
            .duplicates
            .computeIfAbsent(row.method(), m -> new ArrayList<>())
            .add(better ? other : row);
      }
    }
    // Some metrics take milliseconds a row: every core has its part of them.
    kept.values().parallelStream()
        .map(row -> score(scorer, items.get(key(row)).sample(), row))
        .sorted(Comparator.comparingInt(answer -> answer.generation().attempt()))
        .forEachOrdered(answer -> add(items.get(key(answer.generation())), answer));
    return suite;
  }

  private static void add(Map<List<Object>, Item> items, SampleSummary sample) {
    String name = name(sample.task(), sample.length(), sample.id());
    if (sample.references().isEmpty()) {
      throw new IllegalArgumentException(
          "sample "
              + name
              + " of the suite '"
              + sample.suite()
              + "' has no reference: there is nothing to score an answer against");
    }
    List<Object> key = List.of(sample.task(), sample.length(), sample.id());
    if (items.putIfAbsent(key, new Item(sample, new LinkedHashMap<>())) != null) {
      throw new IllegalArgumentException(
          "sample "
              + name
              + " of the suite '"
              + sample.suite()
              + "' is there twice; ids are unique within task and length");
    }
  }

  private static List<Cell> cells(Map<List<Object>, Item> items, SuiteScorer scorer) {
    List<String> tasks = new ArrayList<>(new LinkedHashSet<>(scorer.tasks()));
    items.values().stream()
        .map(item -> item.sample().task())
        .distinct()
        .filter(task -> !tasks.contains(task))
        .sorted()
        .forEach(tasks::add);
    Map<Integer, Map<Integer, List<Item>>> grouped = new TreeMap<>();
    for (Item item : items.values()) {
      grouped
          .computeIfAbsent(item.sample().length(), length -> new TreeMap<>())
          .computeIfAbsent(tasks.indexOf(item.sample().task()), task -> new ArrayList<>())
          .add(item);
    }
    List<Cell> cells = new ArrayList<>();
    grouped.forEach(
        (length, byTask) ->
            byTask.forEach((task, list) -> cells.add(new Cell(tasks.get(task), length, list))));
    return Collections.unmodifiableList(cells);
  }

  private static Answer score(SuiteScorer scorer, SampleSummary sample, Generation row) {
    if (row.failed()) {
      return new Answer(row, "", 0, scorer.scale().weightOfFailure());
    }
    String text = row.text() == null ? "" : scorer.clean(row.text());
    return new Answer(row, text, scorer.value(sample, text), scorer.weight(sample, text));
  }

  private static void add(Item item, Answer answer) {
    item.answers()
        .computeIfAbsent(answer.generation().method(), method -> new ArrayList<>())
        .add(answer);
  }

  private static List<Object> key(Generation row) {
    return List.of(row.task(), row.length(), row.sampleId());
  }

  private static List<Object> attempt(Generation row) {
    return List.of(row.method(), row.task(), row.length(), row.sampleId(), row.attempt());
  }

  /** Ids that are numbers come first and compare as numbers: 9 before 10. */
  private static int compareIds(String a, String b) {
    boolean numberA = a.matches("\\d{1,18}");
    boolean numberB = b.matches("\\d{1,18}");
    if (numberA && numberB) {
      int order = Long.compare(Long.parseLong(a), Long.parseLong(b));
      return order != 0 ? order : a.compareTo(b);
    }
    return numberA != numberB ? Boolean.compare(numberB, numberA) : a.compareTo(b);
  }

  static String name(Generation row) {
    return name(row.task(), row.length(), row.sampleId());
  }

  static String name(String task, int length, String id) {
    return task + "/" + length + "/" + id;
  }

  /** Returns the suite's name. */
  public String name() {
    return scorer.suite();
  }

  /** Returns the methods, the baseline first if it has rows. */
  public List<String> methods() {
    return methods;
  }

  /** Returns the cells, by length and then in the suite's order of tasks. */
  public List<Cell> cells() {
    return cells;
  }

  /** Returns what scored the answers. */
  public SuiteScorer scorer() {
    return scorer;
  }

  /** Returns the tasks that have samples, in the suite's order. */
  public List<String> tasks() {
    return cells.stream().map(Cell::task).distinct().toList();
  }

  List<Generation> duplicates(String method) {
    return duplicates.getOrDefault(method, List.of());
  }

  List<Generation> unmatched(String method) {
    return unmatched.getOrDefault(method, List.of());
  }
}
