package dev.longspan.eval.stats;

import java.util.Comparator;
import java.util.stream.IntStream;

/** Holm's step-down correction (1979) for testing several hypotheses at once. */
public final class Holm {
  private Holm() {}

  /**
   * Returns the adjusted p values in the order given: comparing them with 0.05 keeps the chance of
   * any false finding in the family below 5 %.
   */
  public static double[] adjust(double[] p) {
    int[] order =
        IntStream.range(0, p.length)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> p[i]))
            .mapToInt(i -> i)
            .toArray();
    double[] adjusted = new double[p.length];
    double running = 0;
    for (int rank = 0; rank < order.length; rank++) {
      running = Math.max(running, Math.min(1, (p.length - rank) * p[order[rank]]));
      adjusted[order[rank]] = running;
    }
    return adjusted;
  }
}
