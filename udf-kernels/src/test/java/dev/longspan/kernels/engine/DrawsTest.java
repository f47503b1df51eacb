package dev.longspan.kernels.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class DrawsTest {
  @Test
  void aDrawIsAFunctionOfSeedKeyAndIndex() {
    assertEquals(new Draws(1, "a").uniform(7), new Draws(1, "a").uniform(7));
    assertNotEquals(new Draws(1, "a").uniform(7), new Draws(2, "a").uniform(7));
    assertNotEquals(new Draws(1, "a").uniform(7), new Draws(1, "b").uniform(7));
    assertNotEquals(new Draws(1, "a").uniform(7), new Draws(1, "a").uniform(8));
  }

  @Test
  void drawsOfOneRequestAndFirstDrawsOfManyAreUniform() {
    Draws one = new Draws(3, "row");
    int[] along = new int[20];
    int[] across = new int[20];
    int n = 40_000;
    for (int i = 0; i < n; i++) {
      along[(int) (20 * one.uniform(i))]++;
      across[(int) (20 * new Draws(3, "row " + i).uniform(0))]++;
    }
    // 20 bins of 2,000 have a standard deviation of 44.
    for (int bin = 0; bin < 20; bin++) {
      assertEquals(n / 20.0, along[bin], 220, "bin " + bin);
      assertEquals(n / 20.0, across[bin], 220, "bin " + bin);
    }
  }

  @Test
  void drawsStayInsideTheUnitInterval() {
    Draws draws = new Draws(Long.MIN_VALUE, "");
    for (int i = 0; i < 10_000; i++) {
      double u = draws.uniform(i);
      assertTrue(u >= 0 && u < 1, () -> "drew " + u);
    }
  }
}
