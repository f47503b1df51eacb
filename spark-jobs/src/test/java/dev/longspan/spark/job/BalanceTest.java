package dev.longspan.spark.job;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BalanceTest {
  private static double[] loads(double[] costs, int partitions) {
    double[] loads = new double[partitions];
    int[] assigned = Balance.assign(costs, partitions);
    for (int i = 0; i < costs.length; i++) {
      loads[assigned[i]] += costs[i];
    }
    return loads;
  }

  @Test
  void loadsDifferByLessThanTheCheapestRowOfTheFullest() {
    Random random = new Random(7);
    double[] costs = random.doubles(997, 1, 1000).toArray();

    double[] loads = loads(costs, 13);

    double most = Arrays.stream(loads).max().orElseThrow();
    double least = Arrays.stream(loads).min().orElseThrow();
    assertTrue(most - least < 10, most + " against " + least);
  }

  @Test
  void oneLongRowDoesNotShareItsPartition() {
    assertArrayEquals(new int[] {1, 0, 1, 1}, Balance.assign(new double[] {1, 9, 2, 3}, 2));
  }

  @Test
  void noRowsAndMorePartitionsThanRows() {
    assertEquals(0, Balance.assign(new double[0], 3).length);
    assertArrayEquals(new int[] {0, 1}, Balance.assign(new double[] {5, 5}, 4));
  }
}
