package dev.longspan.spark.job;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class ProgressTest {
  @Test
  void aLineSaysRowsRatesAndTimeLeft() {
    assertEquals(
        "3 of 1,200 rows (and 7 from before), 1 error | prefill 2,345 tokens/s, decode 67"
            + " | 1 h 02 min left",
        Progress.describe(3, 1200, 7, 1, 2345.4, 67.2, 3725));
    assertEquals(
        "0 of 2 rows | prefill 0 tokens/s, decode 0 | time left unknown",
        Progress.describe(0, 2, 0, 0, 0, 0, Double.NaN));
    assertEquals(
        "1 of 2 rows | prefill 10 tokens/s, decode 1 | 1 min 30 s left",
        Progress.describe(1, 2, 0, 0, 10, 1, 90));
    assertEquals(
        "2 of 2 rows, 2 errors | prefill 10 tokens/s, decode 1",
        Progress.describe(2, 2, 0, 2, 10, 1, 0));
  }
}
