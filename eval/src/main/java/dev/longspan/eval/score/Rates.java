package dev.longspan.eval.score;

import dev.longspan.eval.Generation;
import dev.longspan.eval.Scores;
import dev.longspan.eval.Scores.Score;
import dev.longspan.eval.stats.Descriptive;
import dev.longspan.eval.stats.Interval;
import dev.longspan.eval.stats.Rounding;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** Tokens per second of each method at each length, the median over its answers. */
final class Rates {
  private Rates() {}

  static List<Score> of(ScoredSuite suite) {
    List<Score> rows = new ArrayList<>();
    Scoring.byLength(suite)
        .forEach(
            (length, cells) -> {
              for (String method : suite.methods()) {
                List<Generation> answers =
                    cells.stream()
                        .flatMap(cell -> cell.items().stream())
                        .flatMap(i -> i.answers().getOrDefault(method, List.of()).stream())
                        .map(Answer::generation)
                        .filter(row -> !row.failed())
                        .toList();
                add(rows, suite, length, method, Scores.PREFILL_RATE, answers, Rates::prefill);
                add(rows, suite, length, method, Scores.DECODE_RATE, answers, Rates::decode);
              }
            });
    return rows;
  }

  private static double prefill(Generation row) {
    return row.promptTokens() / row.prefillSeconds();
  }

  /** The first token comes out of the prefill, so the decoding time is that of the others. */
  private static double decode(Generation row) {
    return (row.newTokens() - 1) / row.decodeSeconds();
  }

  private static void add(
      List<Score> rows,
      ScoredSuite suite,
      int length,
      String method,
      String metric,
      List<Generation> answers,
      ToDoubleFunction<Generation> rate) {
    double[] rates =
        answers.stream()
            .mapToDouble(rate)
            .filter(value -> value > 0 && Double.isFinite(value)) // rows without a time have none
            .toArray();
    if (rates.length == 0) {
      return;
    }
    Interval interval = Descriptive.medianInterval(rates);
    rows.add(
        new Score(
            suite.name(),
            Scores.ALL,
            length,
            method,
            metric,
            Rounding.halfEven(Descriptive.median(rates), 1),
            rates.length,
            null,
            interval == null ? null : interval.rounded(1),
            null,
            null,
            null,
            null));
  }
}
