package dev.longspan.eval;

import dev.longspan.eval.Scores.Score;
import java.util.List;

/** Looks rows of a scores file up. */
public final class ScoreRows {
  private ScoreRows() {}

  /** Returns the one row of that task and metric, whatever its suite, length and method. */
  public static Score only(Scores scores, String task, String metric) {
    List<Score> rows =
        scores.scores().stream()
            .filter(row -> row.task().equals(task) && row.metric().equals(metric))
            .toList();
    if (rows.size() != 1) {
      throw new AssertionError(
          rows.size() + " rows of " + task + " " + metric + " in " + scores.scores());
    }
    return rows.get(0);
  }
}
