package dev.longspan.eval.report;

import dev.longspan.eval.score.ScoredSuite;
import dev.longspan.eval.score.ScoredSuite.Cell;
import dev.longspan.eval.score.ScoredSuite.Item;
import java.util.ArrayList;
import java.util.List;

/**
 * The samples that one method scored higher or lower on than the baseline.
 *
 * @param method the method
 * @param lost whether it scored lower
 * @param total how many there are
 * @param shown the first of every task and length, then the second of each, up to the limit
 */
record Disagreements(String method, boolean lost, int total, List<Item> shown) {
  private static final int LIMIT = 20;

  /** Returns the groups that are not empty: what each method lost, then what it won. */
  static List<Disagreements> of(ScoredSuite suite, String baseline, List<String> methods) {
    List<Disagreements> groups = new ArrayList<>();
    for (String method : methods) {
      for (boolean lost : new boolean[] {true, false}) {
        List<List<Item>> cells = new ArrayList<>();
        for (Cell cell : suite.cells()) {
          cells.add(
              cell.items().stream()
                  .filter(item -> item.has(method) && item.has(baseline))
                  .filter(
                      item ->
                          lost
                              ? item.value(method) < item.value(baseline)
                              : item.value(method) > item.value(baseline))
                  .toList());
        }
        int total = cells.stream().mapToInt(List::size).sum();
        if (total > 0) {
          groups.add(new Disagreements(method, lost, total, spread(cells)));
        }
      }
    }
    return groups;
  }

  private static List<Item> spread(List<List<Item>> cells) {
    int deepest = cells.stream().mapToInt(List::size).max().orElse(0);
    List<Item> shown = new ArrayList<>();
    for (int depth = 0; depth < deepest; depth++) {
      for (List<Item> cell : cells) {
        if (depth < cell.size() && shown.size() < LIMIT) {
          shown.add(cell.get(depth));
        }
      }
    }
    return shown;
  }

  /** Returns the title of the group, such as {@code infllm-v2 loses 12 samples to dense}. */
  String title(String baseline) {
    return String.format(
        "%s scores %s than %s on %s %s",
        method,
        lost ? "lower" : "higher",
        baseline,
        Format.count(total),
        total == 1 ? "sample" : "samples");
  }

  /** Says how many samples are not shown; empty if all are. */
  String more() {
    int more = total - shown.size();
    return more == 0
        ? ""
        : "Shown are "
            + shown.size()
            + " of them, spread over tasks and lengths; "
            + Format.count(more)
            + " more are in the generations of the run.";
  }
}
