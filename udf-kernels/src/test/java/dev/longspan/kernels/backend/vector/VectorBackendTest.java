package dev.longspan.kernels.backend.vector;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.kernels.backend.host.Buffer;
import dev.longspan.kernels.backend.host.HostBackend;
import dev.longspan.kernels.backend.host.HostBackend.Epilogue;
import dev.longspan.kernels.backend.host.Weight;
import dev.longspan.kernels.backend.scalar.ScalarBackend;
import dev.longspan.kernels.checkpoint.Dtype;
import dev.longspan.kernels.checkpoint.RandomWeights;
import dev.longspan.kernels.checkpoint.Tensor;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Row-wise operations and products against the oracle, over dtypes, odd sizes and thread counts.
 */
class VectorBackendTest {
  private static Stream<Arguments> products() {
    return Stream.of(Dtype.values())
        .flatMap(
            dtype ->
                Stream.of(Epilogue.values())
                    .flatMap(
                        epilogue ->
                            Stream.of(
                                Arguments.of(dtype, epilogue, 5, 2),
                                Arguments.of(dtype, epilogue, 37, 74),
                                Arguments.of(dtype, epilogue, 300, 64),
                                Arguments.of(dtype, epilogue, 129, 390))));
  }

  private static float[] floats(int n, long seed) {
    Random random = new Random(seed);
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  private static Tensor tensor(String name, Dtype dtype, long... shape) {
    return new RandomWeights(5, dtype).tensor(name, shape);
  }

  /** Returns x W^T with an epilogue on top of a buffer that is not empty. */
  private static float[] multiply(
      HostBackend backend, Dtype dtype, Epilogue epilogue, float[] x, int rows, int in, int out) {
    Tensor[] parts = {tensor("gate", dtype, out / 2, in), tensor("up", dtype, out - out / 2, in)};
    int columns = epilogue == Epilogue.SWIGLU ? out / 2 : out;
    try (Weight weight = backend.weight(parts);
        Buffer bias = backend.parameter(tensor("bias", Dtype.F32, out));
        Buffer from = backend.allocate(x.length);
        Buffer to = backend.allocate((long) rows * columns)) {
      assertEquals(out, weight.out());
      assertEquals(in, weight.in());
      from.copyFrom(x, x.length);
      to.copyFrom(floats(rows * columns, 9), rows * columns);
      backend.matmul(from, rows, weight, bias, epilogue, 0.7f, to);
      float[] result = new float[rows * columns];
      to.copyTo(result, result.length);
      return result;
    }
  }

  @ParameterizedTest(name = "{0} {1} in {2} out {3}")
  @MethodSource("products")
  void productsAgreeWithTheOracle(Dtype dtype, Epilogue epilogue, int in, int out) {
    try (HostBackend oracle = new ScalarBackend();
        HostBackend backend = new VectorBackend(3)) {
      for (int rows : new int[] {1, 2, 7, 161}) {
        float[] x = floats(rows * in, rows);
        float[] want = multiply(oracle, dtype, epilogue, x, rows, in, out);
        float[] got = multiply(backend, dtype, epilogue, x, rows, in, out);
        for (int i = 0; i < want.length; i++) {
          float bound = 2e-6f * in * Math.max(1, Math.abs(want[i]));
          assertEquals(want[i], got[i], bound, rows + " rows, element " + i);
        }
      }
    }
  }

  @ParameterizedTest(name = "{0} {1} in {2} out {3}")
  @MethodSource("products")
  void aRowOfAProductDependsOnNothingElse(Dtype dtype, Epilogue epilogue, int in, int out) {
    int columns = epilogue == Epilogue.SWIGLU ? out / 2 : out;
    float[] x = floats(170 * in, 1);
    try (HostBackend alone = new VectorBackend(1);
        HostBackend many = new VectorBackend(4)) {
      float[] whole = multiply(many, dtype, epilogue, x, 170, in, out);
      for (int rows : new int[] {1, 2, 3, 6, 12}) {
        assertArrayEquals(
            Arrays.copyOf(whole, rows * columns),
            multiply(alone, dtype, epilogue, Arrays.copyOf(x, rows * in), rows, in, out),
            rows + " rows");
      }
    }
  }

  @Test
  void anOddNumberOfFeaturesIsOnePart() {
    int in = 70;
    int out = 135;
    float[] x = floats(3 * in, 2);
    try (HostBackend oracle = new ScalarBackend();
        HostBackend backend = new VectorBackend(2)) {
      for (int rows : new int[] {1, 3}) {
        float[] want = multiply(oracle, Dtype.BF16, Epilogue.STORE, x, rows, in, out);
        assertArrayEquals(
            want, multiply(backend, Dtype.BF16, Epilogue.STORE, x, rows, in, out), 1e-5f);
      }
      try (Weight weight = backend.weight(tensor("w", Dtype.BF16, out, in));
          Buffer from = backend.allocate(in);
          Buffer to = backend.allocate(out)) {
        IllegalArgumentException e =
            assertThrows(
                IllegalArgumentException.class,
                () -> backend.matmul(from, 1, weight, null, Epilogue.SWIGLU, 1, to));
        assertEquals(
            "SWIGLU needs as many gate as up rows but the weight has 135 rows", e.getMessage());
      }
    }
  }

  @Test
  void refusesPartsOfDifferentWidth() {
    try (HostBackend backend = new VectorBackend(1)) {
      Tensor wide = tensor("q", Dtype.BF16, 4, 32);
      Tensor narrow = tensor("k", Dtype.BF16, 4, 31);
      IllegalArgumentException e =
          assertThrows(IllegalArgumentException.class, () -> backend.weight(wide, narrow));
      assertEquals("k has 31 columns but q has 32", e.getMessage());
    }
  }

  @ParameterizedTest
  @MethodSource("dtypes")
  void embeddingsAreExact(Dtype dtype) {
    int[] tokens = {0, 130, 64, 63, 5, 64, 100, 33};
    float[][] results = new float[2][];
    HostBackend[] backends = {new ScalarBackend(), new VectorBackend(2)};
    for (int i = 0; i < 2; i++) {
      try (HostBackend backend = backends[i];
          Weight table = backend.weight(tensor("embed", dtype, 131, 45));
          Buffer out = backend.allocate(tokens.length * 45L)) {
        backend.embed(table, tokens, 12f, out);
        results[i] = new float[tokens.length * 45];
        out.copyTo(results[i], results[i].length);
      }
    }
    assertArrayEquals(results[0], results[1]);
  }

  private static Stream<Dtype> dtypes() {
    return Stream.of(Dtype.values());
  }

  @ParameterizedTest
  @MethodSource("widths")
  void rmsNormAgreesWithTheOracle(int cols) {
    int rows = 70;
    float[][] results = new float[2][rows * cols];
    HostBackend[] backends = {new ScalarBackend(), new VectorBackend(2)};
    for (int i = 0; i < 2; i++) {
      try (HostBackend backend = backends[i];
          Buffer weight = backend.parameter(tensor("norm.weight", Dtype.F32, cols));
          Buffer x = backend.allocate((long) rows * cols)) {
        x.copyFrom(floats(rows * cols, 4), rows * cols);
        backend.rmsNorm(x, rows, cols, weight, 1e-5f, x);
        x.copyTo(results[i], rows * cols);
      }
    }
    assertArrayEquals(results[0], results[1], 2e-6f);
  }

  private static Stream<Integer> widths() {
    return Stream.of(1, 15, 16, 33, 256, 301);
  }

  @Test
  void aClosedBackendSaysSo() {
    HostBackend backend = new VectorBackend(2);
    Buffer x = backend.allocate(8);
    backend.close();
    IllegalStateException e =
        assertThrows(IllegalStateException.class, () -> backend.rmsNorm(x, 1, 8, x, 1e-5f, x));
    assertEquals("the backend is closed; open a new one", e.getMessage());
  }

  @Test
  void refusesABufferBeyondAnArray() {
    try (HostBackend backend = new VectorBackend(1)) {
      IllegalArgumentException e =
          assertThrows(IllegalArgumentException.class, () -> backend.allocate(3_000_000_000L));
      assertTrue(e.getMessage().startsWith("3000000000 elements are too many"), e.getMessage());
    }
  }
}
