package dev.longspan.eval.score;

import dev.longspan.eval.Scores;
import dev.longspan.eval.Scores.Paired;
import dev.longspan.eval.Scores.Score;
import dev.longspan.eval.score.ScoredSuite.Cell;
import dev.longspan.eval.score.ScoredSuite.Item;
import dev.longspan.eval.stats.Estimate;
import dev.longspan.eval.stats.Holm;
import dev.longspan.eval.stats.PairedTest;
import dev.longspan.eval.stats.Rounding;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;

/**
 * One method against the baseline on the samples that both have rows for.
 *
 * <p>There are three families of tests, each with Holm's correction of its own: the tasks at one
 * length, the lengths, and the average over all lengths, which stands alone.
 */
final class Comparison {
  private static final double ALPHA = 0.05;

  /** Normal quantiles at 1 - 0.05/2 and at a power of 0.8. */
  private static final double DETECTABLE = 1.959964 + 0.841621;

  /**
   * Values on the common samples of one or several cells.
   *
   * @param differences of each sample, weighted so that they add up to the difference of the means;
   *     where values are perplexities, to that of their logarithms
   */
  private record Pair(Estimate method, Estimate baseline, Estimate delta, double[] differences) {
    static Pair combine(List<Pair> parts) {
      double[] weights = SuiteScoring.equal(parts.size());
      double[] differences =
          parts.stream()
              .flatMapToDouble(p -> DoubleStream.of(p.differences).map(d -> d / parts.size()))
              .toArray();
      return new Pair(
          Estimate.combine(parts.stream().map(Pair::method).toList(), weights),
          Estimate.combine(parts.stream().map(Pair::baseline).toList(), weights),
          Estimate.combine(parts.stream().map(Pair::delta).toList(), weights),
          differences);
    }

    boolean isEmpty() {
      return delta.n() == 0;
    }
  }

  private record Named(String task, int length, String metric, Pair pair) {}

  private final ScoredSuite suite;
  private final SuiteScoring scoring;
  private final Scale scale;
  private final String method;
  private final String baseline;
  private final long seed;
  private final List<Paired> rows = new ArrayList<>();
  private final List<Score> retention = new ArrayList<>();

  Comparison(ScoredSuite suite, SuiteScoring scoring, String method, String baseline, long seed) {
    this.suite = suite;
    this.scoring = scoring;
    this.scale = suite.scorer().scale();
    this.method = method;
    this.baseline = baseline;
    this.seed = seed;
    List<Named> lengths = new ArrayList<>();
    scoring
        .byLength()
        .forEach(
            (length, cells) -> {
              List<Named> tasks = cells.stream().map(this::compare).toList();
              family(tasks);
              Pair mean = Pair.combine(tasks.stream().map(Named::pair).toList());
              lengths.add(new Named(Scores.ALL, length, Scores.MEAN, mean));
            });
    family(lengths);
    lengths.forEach(length -> retain(length.length(), length.pair()));
    if (lengths.size() > 1) {
      Pair average = Pair.combine(lengths.stream().map(Named::pair).toList());
      family(List.of(new Named(Scores.ALL, Scores.ALL_LENGTHS, Scores.AVERAGE, average)));
      retain(Scores.ALL_LENGTHS, average);
    }
  }

  List<Paired> rows() {
    return rows;
  }

  List<Score> retention() {
    return retention;
  }

  private Named compare(Cell cell) {
    List<Item> common =
        cell.items().stream().filter(i -> i.counts(method) && i.counts(baseline)).toList();
    Estimate ours = estimate(cell, common, method);
    Estimate theirs = estimate(cell, common, baseline);
    double[] differences =
        common.stream().mapToDouble(i -> i.value(method) - i.value(baseline)).toArray();
    Estimate delta =
        scale == Scale.PERCENT
            ? Estimate.difference(ours, theirs, differences)
            : ours.minus(theirs);
    double total = common.stream().mapToDouble(item -> item.weight(method)).sum();
    for (int i = 0; i < differences.length; i++) {
      differences[i] *= common.get(i).weight(method) / total;
    }
    return new Named(
        cell.task(),
        cell.length(),
        suite.scorer().metric(cell.task()),
        new Pair(ours, theirs, delta, differences));
  }

  private Estimate estimate(Cell cell, List<Item> common, String of) {
    Estimate all = scoring.estimate(cell, of);
    return all.n() == common.size()
        ? all
        : SuiteScoring.estimate(suite, common, of, Scoring.seed(seed, suite, cell));
  }

  private void family(List<Named> family) {
    List<Named> tested = family.stream().filter(named -> !named.pair().isEmpty()).toList();
    List<PairedTest> tests =
        tested.stream().map(named -> PairedTest.of(named.pair().differences(), seed)).toList();
    double[] adjusted = Holm.adjust(tests.stream().mapToDouble(PairedTest::p).toArray());
    for (int i = 0; i < adjusted.length; i++) {
      Named named = tested.get(i);
      Estimate delta = named.pair().delta();
      double[] differences = named.pair().differences();
      int better = scale.higherIsBetter() ? 1 : -1;
      double mdd = DETECTABLE * delta.stderr();
      rows.add(
          new Paired(
              suite.name(),
              named.task(),
              named.length(),
              method,
              baseline,
              named.metric(),
              scale.orNull(delta.value()),
              scale.shown(delta.interval()),
              Rounding.halfEven(tests.get(i).p(), 6),
              Rounding.halfEven(adjusted[i], 6),
              verdict(delta, adjusted[i], tested.size()),
              delta.n(),
              (int) Arrays.stream(differences).filter(d -> d * better > 0).count(),
              (int) Arrays.stream(differences).filter(d -> d * better < 0).count(),
              mdd > 0 ? scale.orNull(mdd) : null,
              tests.get(i).name(),
              tested.size()));
    }
  }

  /**
   * Significant differences are better or worse. Of the others, those whose test could not have
   * passed even if all samples had changed in one direction had too few samples to say anything.
   */
  private String verdict(Estimate delta, double adjusted, int family) {
    if (adjusted < ALPHA) {
      return delta.value() > 0 == scale.higherIsBetter() ? "better" : "worse";
    }
    boolean hopeless = PairedTest.smallestP(delta.n()) * family >= ALPHA;
    return hopeless ? "too few samples" : "no difference shown";
  }

  private void retain(int length, Pair pair) {
    if (scale != Scale.PERCENT || pair.isEmpty() || pair.baseline().value() == 0) {
      return;
    }
    retention.add(
        new Score(
            suite.name(),
            Scores.ALL,
            length,
            method,
            Scores.RETENTION,
            scale.orNull(pair.method().value() / pair.baseline().value()),
            pair.delta().n(),
            null,
            scale.shown(pair.method().ratioInterval(pair.baseline())),
            null,
            null,
            null,
            null));
  }
}
