package dev.longspan.eval.score;

import dev.longspan.eval.Generation;
import dev.longspan.eval.SampleSummary;
import dev.longspan.eval.Scores;
import dev.longspan.eval.Scores.Run;
import dev.longspan.eval.Scores.Suite;
import dev.longspan.eval.score.ScoredSuite.Cell;
import dev.longspan.eval.score.ScoredSuite.Item;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Turns answers into scores.
 *
 * <p>A row that failed scores 0, since a user got no answer, and is counted as an error apart from
 * wrong answers; where the score is a perplexity it is left out of it. A sample without any row
 * enters no value and is counted as missing: nothing is known about it. Both are named in the run's
 * warnings.
 */
public final class Scoring {
  private static final int NAMED = 5;

  /** What samples say about their origin. */
  private static final List<String> SAMPLE_INFO =
      List.of("version", "data", "templates", "haystack", "evaluator", "key_tokens");

  private Scoring() {}

  /**
   * Scores all generations with the standard scorers.
   *
   * @param samples what was asked
   * @param generations what was answered, in any order
   * @param baseline the method that the others are compared with; null, or without rows, for no
   *     comparison
   * @param seed seed of the bootstrap and of the random sign flips
   * @throws IllegalArgumentException if nothing is there, a suite is unknown, a sample occurs twice
   *     or has no reference
   */
  public static Scores score(
      List<SampleSummary> samples, List<Generation> generations, String baseline, long seed) {
    return score(
        ScoredSuite.of(samples, generations, baseline, SuiteScorers.standard()), baseline, seed);
  }

  /**
   * Returns the values of answers that are scored one by one already.
   *
   * @param baseline the method that the others are compared with, as in {@link #score(List, List,
   *     String, long)}
   * @param seed seed of the bootstrap and of the random sign flips
   */
  public static Scores score(List<ScoredSuite> suites, String baseline, long seed) {
    List<Suite> described = new ArrayList<>();
    List<Run> runs = new ArrayList<>();
    List<Scores.Score> scores = new ArrayList<>();
    List<Scores.Paired> paired = new ArrayList<>();
    for (ScoredSuite suite : suites) {
      described.add(describe(suite));
      for (String method : suite.methods()) {
        runs.add(run(suite, method, method.equals(baseline)));
      }
      SuiteScoring scoring = new SuiteScoring(suite, seed);
      scores.addAll(scoring.scores());
      if (baseline != null && suite.methods().contains(baseline)) {
        for (String method : suite.methods()) {
          if (!method.equals(baseline)) {
            Comparison comparison = new Comparison(suite, scoring, method, baseline, seed);
            paired.addAll(comparison.rows());
            scores.addAll(comparison.retention());
          }
        }
      }
      scores.addAll(Rates.of(suite));
    }
    return new Scores(described, runs, scores, paired);
  }

  private static Suite describe(ScoredSuite suite) {
    SuiteScorer scorer = suite.scorer();
    Map<String, String> samples = new TreeMap<>();
    for (String key : SAMPLE_INFO) {
      String values =
          suite.cells().stream()
              .flatMap(cell -> cell.items().stream())
              .map(item -> item.sample().info().get(key))
              .filter(Objects::nonNull)
              .distinct()
              .sorted()
              .collect(Collectors.joining(", "));
      if (!values.isEmpty()) {
        samples.put(key, values);
      }
    }
    return new Suite(
        suite.name(),
        scorer.version(),
        scorer.scale().higherIsBetter() ? "higher" : "lower",
        suite.tasks(),
        new TreeMap<>(scorer.settings(suite.tasks())),
        samples);
  }

  private static Run run(ScoredSuite suite, String method, boolean baseline) {
    List<Item> items = suite.cells().stream().map(Cell::items).flatMap(List::stream).toList();
    List<Item> missing = items.stream().filter(item -> !item.has(method)).toList();
    List<Answer> kept =
        items.stream().flatMap(i -> i.answers().getOrDefault(method, List.of()).stream()).toList();
    List<Generation> failed =
        kept.stream().map(Answer::generation).filter(Generation::failed).toList();
    List<Generation> answered =
        kept.stream().map(Answer::generation).filter(row -> !row.failed()).toList();
    List<Generation> duplicates = suite.duplicates(method);
    List<Generation> unmatched = suite.unmatched(method);
    List<String> warnings =
        Stream.of(
                warning(
                    "sample",
                    missing,
                    i -> ScoredSuite.name(i.sample().task(), i.sample().length(), i.sample().id()),
                    "without a row, left out of the values; run again"),
                warning(
                    "row",
                    failed,
                    row -> ScoredSuite.name(row) + " " + row.errorCode(),
                    "failed and counted as 0"),
                warning(
                    "row",
                    duplicates,
                    ScoredSuite::name,
                    "left out since another row answers the same attempt"),
                warning("row", unmatched, ScoredSuite::name, "left out, of no sample in the run"))
            .flatMap(List::stream)
            .toList();
    return new Run(
        suite.name(),
        method,
        baseline,
        items.size(),
        missing.size(),
        kept.size() + duplicates.size() + unmatched.size(),
        answered.size(),
        failed.size(),
        (int) kept.stream().filter(Answer::isNull).count(),
        duplicates.size(),
        unmatched.size(),
        answered.stream().mapToLong(Generation::promptTokens).sum(),
        answered.stream().mapToLong(Generation::newTokens).sum(),
        kept.stream()
            .collect(Collectors.toMap(Scoring::finish, a -> 1, Integer::sum, TreeMap::new)),
        warnings);
  }

  private static String finish(Answer answer) {
    String reason = answer.generation().finishReason();
    return answer.generation().failed() ? "error" : reason == null ? "unknown" : reason;
  }

  private static <T> List<String> warning(
      String unit, List<T> items, Function<T, String> name, String what) {
    if (items.isEmpty()) {
      return List.of();
    }
    String names = items.stream().limit(NAMED).map(name).collect(Collectors.joining(", "));
    int more = items.size() - NAMED;
    return List.of(
        items.size()
            + " "
            + unit
            + (items.size() == 1 ? " " : "s ")
            + what
            + ": "
            + names
            + (more > 0 ? " and " + more + " more" : ""));
  }

  /** Groups a suite's cells by length, ascending. */
  static Map<Integer, List<Cell>> byLength(ScoredSuite suite) {
    return suite.cells().stream()
        .collect(Collectors.groupingBy(Cell::length, TreeMap::new, Collectors.toList()));
  }

  /** The seed of a cell, the same for every method so that their samples are drawn together. */
  static long seed(long seed, ScoredSuite suite, Cell cell) {
    return seed * 31 + (suite.name() + "/" + cell.task() + "/" + cell.length()).hashCode();
  }
}
