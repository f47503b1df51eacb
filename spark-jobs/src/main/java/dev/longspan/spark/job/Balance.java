package dev.longspan.spark.job;

import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.stream.IntStream;

/** Spreads rows over partitions so that these take equally long. */
final class Balance {
  private Balance() {}

  /**
   * Returns the partition of each row: the most expensive row first, each to the partition with the
   * least work so far (Graham's longest-processing-time rule: at most 4/3 of the best makespan).
   */
  static int[] assign(double[] costs, int partitions) {
    record Load(int partition, double work) {}
    PriorityQueue<Load> loads =
        new PriorityQueue<>(
            Comparator.comparingDouble(Load::work).thenComparingInt(Load::partition));
    for (int i = 0; i < partitions; i++) {
      loads.add(new Load(i, 0));
    }
    int[] assigned = new int[costs.length];
    IntStream.range(0, costs.length)
        .boxed()
        .sorted(Comparator.<Integer>comparingDouble(i -> -costs[i]).thenComparingInt(i -> i))
        .forEach(
            i -> {
              Load load = loads.remove();
              assigned[i] = load.partition();
              loads.add(new Load(load.partition(), load.work() + costs[i]));
            });
    return assigned;
  }
}
