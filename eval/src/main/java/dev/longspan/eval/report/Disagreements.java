package dev.longspan.eval.report;

import dev.longspan.eval.score.ScoredSuite;
import dev.longspan.eval.score.ScoredSuite.Cell;
import dev.longspan.eval.score.ScoredSuite.Item;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * The samples that one method did better or worse on than the baseline.
 *
 * @param method the method
 * @param lost whether it did worse
 * @param total how many there are
 * @param shown some of them, of as many lengths and tasks as the limit allows
 */
record Disagreements(String method, boolean lost, int total, List<Item> shown) {
  private static final int LIMIT = 20;

  /** Returns the groups that are not empty: what each method lost, then what it won. */
  static List<Disagreements> of(ScoredSuite suite, String baseline, List<String> methods) {
    List<Disagreements> groups = new ArrayList<>();
    boolean higher = suite.scorer().scale().higherIsBetter();
    for (String method : methods) {
      for (boolean lost : new boolean[] {true, false}) {
        Map<Integer, List<List<Item>>> byLength = new TreeMap<>();
        int total = 0;
        for (Cell cell : suite.cells()) {
          List<Item> differ =
              cell.items().stream()
                  .filter(item -> item.counts(method) && item.counts(baseline))
                  .filter(
                      item ->
                          lost == higher
                              ? item.value(method) < item.value(baseline)
                              : item.value(method) > item.value(baseline))
                  .toList();
          byLength.computeIfAbsent(cell.length(), length -> new ArrayList<>()).add(differ);
          total += differ.size();
        }
        if (total > 0) {
          groups.add(new Disagreements(method, lost, total, spread(byLength)));
        }
      }
    }
    return groups;
  }

  /** Picks items of all lengths, the longest first, and among those of a length of all tasks. */
  private static List<Item> spread(Map<Integer, List<List<Item>>> byLength) {
    List<List<Item>> lengths = new ArrayList<>();
    byLength.values().forEach(tasks -> lengths.add(0, inTurn(tasks)));
    Set<Item> picked = Collections.newSetFromMap(new IdentityHashMap<>());
    inTurn(lengths).stream().limit(LIMIT).forEach(picked::add);
    return byLength.values().stream()
        .flatMap(List::stream)
        .flatMap(List::stream)
        .filter(picked::contains)
        .toList();
  }

  /** Returns the first item of each list, then the second of each, and so on. */
  private static List<Item> inTurn(List<List<Item>> lists) {
    int longest = lists.stream().mapToInt(List::size).max().orElse(0);
    return IntStream.range(0, longest)
        .boxed()
        .flatMap(i -> lists.stream().filter(list -> i < list.size()).map(list -> list.get(i)))
        .toList();
  }

  /** Returns the title of the group, such as {@code infllm-v2 loses 12 samples to dense}. */
  String title(String baseline) {
    return String.format(
        "%s does %s than %s on %s %s",
        method,
        lost ? "worse" : "better",
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
