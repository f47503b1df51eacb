package dev.longspan.kernels.backend.vector;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each element is one chain of fused multiply-adds: a scalar chain gives the same bits. */
class TileTest {
  private static final int K = 37;
  private static final int PANEL = 5;

  private final Random random = new Random(3);
  private final float[] a = floats(20 * K);
  private final float[] b = floats(PANEL + K * Tile.WIDTH);

  private float[] floats(int n) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 9, 10, 14})
  void wideKernelsAreChains(int rows) {
    assumeTrue(Tile.WIDE, "the wide kernels are for 512-bit vectors");
    check(rows, true);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4, 5, 6, 10, 14})
  void narrowKernelsAreChains(int rows) {
    check(rows, false);
  }

  private void check(int rows, boolean wide) {
    int[] from = new int[rows];
    int[] to = new int[rows];
    float[] c = floats((rows + 1) * 70);
    float[] expected = c.clone();
    for (int r = 0; r < rows; r++) {
      from[r] = (r * 7 + 3) % 19 * K - 2;
      to[r] = (rows - 1 - r) * 70 + 1;
      for (int j = 0; j < Tile.WIDTH; j++) {
        float sum = c[to[r] + 3 + j];
        for (int i = 0; i < K; i++) {
          sum = Math.fma(a[from[r] + 2 + i], b[PANEL + i * Tile.WIDTH + j], sum);
        }
        expected[to[r] + 3 + j] = sum;
      }
    }
    if (wide) {
      Tile.wide(rows, a, from, 2, b, PANEL, K, c, to, 3);
    } else {
      Tile.narrow(rows, a, from, 2, b, PANEL, K, c, to, 3);
    }
    assertArrayEquals(expected, c);
  }
}
