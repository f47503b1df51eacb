package dev.longspan.kernels.backend.scalar;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.kernels.attention.DenseAttention;
import dev.longspan.kernels.attention.KvView;
import dev.longspan.kernels.backend.KvStore;
import dev.longspan.kernels.backend.host.Buffer;
import dev.longspan.kernels.backend.host.HostBackend.Epilogue;
import dev.longspan.kernels.backend.host.Weight;
import dev.longspan.kernels.checkpoint.Dtype;
import dev.longspan.kernels.checkpoint.RandomWeights;
import dev.longspan.kernels.checkpoint.Tensor;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.Sequence;
import dev.longspan.kernels.model.Step;
import dev.longspan.kernels.model.TestModels;
import java.util.List;
import java.util.concurrent.ForkJoinPool;
import org.junit.jupiter.api.Test;

/** The oracle against numbers worked out by hand. */
class ScalarBackendTest {
  private final ScalarBackend backend = new ScalarBackend();

  private static Buffer buffer(float... values) {
    return new ScalarBuffer(values.clone());
  }

  private static float[] values(Buffer buffer) {
    float[] values = new float[(int) buffer.elements()];
    buffer.copyTo(values, values.length);
    return values;
  }

  /** A matrix with the given rows. */
  private static Tensor matrix(int columns, float... values) {
    return new Tensor() {
      @Override
      public String name() {
        return "m";
      }

      @Override
      public Dtype dtype() {
        return Dtype.F32;
      }

      @Override
      public long[] shape() {
        return new long[] {values.length / columns, columns};
      }

      @Override
      public void read(long first, float[] to, int at, int count) {
        System.arraycopy(values, (int) first, to, at, count);
      }

      @Override
      public void readBf16(long first, short[] to, int at, int count) {
        throw new IllegalStateException("F32");
      }
    };
  }

  @Test
  void multipliesByTheRowsOfAllParts() {
    Weight w = backend.weight(matrix(2, 1, 2, 3, 4), matrix(2, 5, 6));
    Buffer out = buffer(9, 9, 9, 9, 9, 9);
    backend.matmul(buffer(1, 10, 2, -1), 2, w, null, Epilogue.STORE, 0, out);
    assertArrayEquals(new float[] {21, 43, 65, 0, 2, 4}, values(out));
    assertEquals(3, w.out());
    assertEquals(2, w.in());
  }

  @Test
  void addsTheBiasAndScalesWhatItAdds() {
    Weight w = backend.weight(matrix(2, 1, 2, 3, 4));
    Buffer out = buffer(100, 200);
    backend.matmul(
        buffer(1, 10), 1, w, backend.parameter(matrix(1, 7, 8)), Epilogue.ADD_SCALED, 0.5f, out);
    assertArrayEquals(new float[] {100 + 14, 200 + 25.5f}, values(out));
  }

  @Test
  void gatesTheUpperHalfByTheSiluOfTheLower() {
    Weight w = backend.weight(matrix(1, 1, -200), matrix(1, 3, 5));
    Buffer out = buffer(0, 0);
    backend.matmul(buffer(2), 1, w, null, Epilogue.SWIGLU, 0, out);
    assertEquals(2 / (1 + Math.exp(-2)) * 6, values(out)[0], 1e-6);
    assertEquals(0, values(out)[1], 1e-30, "silu(-400) is next to nothing, not NaN");
  }

  @Test
  void refusesPartsOfDifferentWidth() {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class, () -> backend.weight(matrix(2, 1, 2), matrix(1, 1, 2)));
    assertEquals("m has 1 columns but m 2", e.getMessage());
  }

  @Test
  void normalisesEachRow() {
    Buffer x = buffer(3, 4, 0, 0);
    backend.rmsNorm(x, 2, 2, buffer(1, 10), 0.5f, x);
    float inverse = (float) (1 / Math.sqrt(13));
    assertArrayEquals(new float[] {3 * inverse, 40 * inverse, 0, 0}, values(x), 1e-6f);
  }

  @Test
  void looksUpAndScalesEmbeddings() {
    Buffer out = buffer(0, 0, 0, 0);
    backend.embed(backend.weight(matrix(2, 1, 2, 3, 4)), new int[] {1, 0}, 12, out);
    assertArrayEquals(new float[] {36, 48, 12, 24}, values(out));
  }

  @Test
  void rotatesByThePositionAndStoresWhatAttentionReads() {
    ModelConfig config = TestModels.config(1, 1, 2);
    Sequence sequence = TestModels.sequence(new DenseAttention(), 2, 2);
    KvStore kv = backend.kvStore(config, 1);
    // Rows of q, k and v; the one pair has frequency 1.
    Buffer qkv = buffer(1, 0, 0, 1, 5, 6, 1, 0, 0, 1, 7, 8);
    Step step = new Step(new int[2], List.of(new Step.Segment(sequence, 0, 2, 0)), List.of());

    backend.ropeAndStore(config, qkv, null, null, step, 1, kv);

    float sin = (float) Math.sin(1);
    float cos = (float) Math.cos(1);
    assertArrayEquals(
        new float[] {1, 0, 0, 1, 5, 6, cos, sin, -sin, cos, 7, 8}, values(qkv), 1e-7f);
    KvView view = kv.view(sequence, 1);
    float[] read = new float[2];
    view.key(0, 1, read);
    assertArrayEquals(new float[] {-sin, cos}, read, 1e-7f);
    view.value(0, 0, read);
    assertArrayEquals(new float[] {5, 6}, read);
  }

  @Test
  void normalisesQueriesAndKeysBeforeTheRotation() {
    ModelConfig config = TestModels.config(1, 1, 2);
    Sequence sequence = TestModels.sequence(new DenseAttention(), 1, 1);
    Buffer qkv = buffer(3, 4, 6, 8, 1, 2);
    Step step = new Step(new int[1], List.of(new Step.Segment(sequence, 0, 1, 0)), List.of());

    backend.ropeAndStore(
        config, qkv, buffer(1, 2), buffer(3, 4), step, 0, backend.kvStore(config, 1));

    double rms = Math.sqrt(12.5);
    assertArrayEquals(
        new float[] {
          (float) (3 / rms), (float) (8 / rms), (float) (9 / rms), (float) (16 / rms), 1, 2
        },
        values(qkv),
        1e-5f);
  }

  @Test
  void attendsToThePastWithSoftmaxWeights() {
    ModelConfig config = TestModels.config(1, 2, 2);
    Sequence sequence = TestModels.sequence(new DenseAttention(), 2, 2);
    KvStore kv = backend.kvStore(config, 1);
    // Position 0 keeps angles out of it: the second row's query is made after the rotation.
    Buffer qkv = buffer(0, 0, 0, 0, 1, 0, 10, 20, 0, 0, 0, 0, 0, 0, 30, 40);
    Step step = new Step(new int[2], List.of(new Step.Segment(sequence, 0, 2, 0)), List.of());
    backend.ropeAndStore(config, qkv, null, null, step, 0, kv);
    float[] rotated = values(qkv);
    rotated[8] = (float) (Math.sqrt(2) * Math.log(3));
    qkv.copyFrom(rotated, 16);
    Buffer out = buffer(new float[8]);

    backend.attend(config, qkv, step, 0, kv, out);

    assertArrayEquals(new float[] {10, 20, 10, 20, 15, 25, 20, 30}, values(out), 1e-5f);
  }

  @Test
  void givesTheSameBitsOnOneThread() throws Exception {
    float[] shared = product();
    ForkJoinPool one = new ForkJoinPool(1);
    try {
      assertArrayEquals(shared, one.submit(this::product).get());
    } finally {
      one.shutdown();
    }
  }

  private float[] product() {
    RandomWeights source = new RandomWeights(1, Dtype.BF16);
    Buffer out = backend.allocate(37 * 45);
    backend.matmul(
        backend.parameter(source.tensor("x", 37, 203)),
        37,
        backend.weight(source.tensor("w", 45, 203)),
        null,
        Epilogue.STORE,
        0,
        out);
    return values(out);
  }

  @Test
  void refusesWhatNoArrayHolds() {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> backend.allocate(3L << 30));
    assertTrue(e.getMessage().startsWith("3221225472 elements are too many"), e.getMessage());
  }
}
