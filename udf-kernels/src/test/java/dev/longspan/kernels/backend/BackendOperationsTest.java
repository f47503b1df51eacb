package dev.longspan.kernels.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.kernels.attention.AttentionMethod;
import dev.longspan.kernels.attention.DenseAttention;
import dev.longspan.kernels.attention.InfLlmV2;
import dev.longspan.kernels.attention.KvView;
import dev.longspan.kernels.backend.host.Buffer;
import dev.longspan.kernels.backend.host.HostBackend;
import dev.longspan.kernels.backend.host.HostBackend.Epilogue;
import dev.longspan.kernels.backend.host.Weight;
import dev.longspan.kernels.backend.scalar.ScalarBackend;
import dev.longspan.kernels.checkpoint.Dtype;
import dev.longspan.kernels.checkpoint.RandomWeights;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.Pick;
import dev.longspan.kernels.model.Results;
import dev.longspan.kernels.model.RopeConfig;
import dev.longspan.kernels.model.Sequence;
import dev.longspan.kernels.model.SparseConfig;
import dev.longspan.kernels.model.Step;
import dev.longspan.kernels.model.TestModels;
import dev.longspan.kernels.sampling.Filters;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every operation of every backend against the oracle: random numbers, odd sizes, corner cases. */
class BackendOperationsTest {
  private static final HostBackend ORACLE = new ScalarBackend();

  private static Stream<Arguments> backendsAndTypes() {
    return TestBackends.others()
        .flatMap(b -> Arrays.stream(Dtype.values()).map(d -> Arguments.of(b, d)));
  }

  private static float[] random(int n, double scale, long seed) {
    Random random = new Random(seed);
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = (float) (scale * random.nextGaussian());
    }
    return values;
  }

  private static Buffer on(HostBackend backend, float[] values) {
    Buffer buffer = backend.allocate(values.length);
    buffer.copyFrom(values, values.length);
    return buffer;
  }

  private static float[] host(Buffer buffer, int n) {
    float[] values = new float[n];
    buffer.copyTo(values, n);
    return values;
  }

  private static void close(float[] want, float[] got, String what) {
    for (int i = 0; i < want.length; i++) {
      float difference = Math.abs(want[i] - got[i]);
      if (!(difference <= 1e-5f * (1 + Math.abs(want[i])))) {
        assertEquals(want[i], got[i], what + ", element " + i);
      }
    }
  }

  @ParameterizedTest(name = "{0}, {1}")
  @MethodSource("backendsAndTypes")
  void matmul(String name, Dtype dtype) {
    RandomWeights source = new RandomWeights(1, dtype);
    try (HostBackend backend = TestBackends.host(name)) {
      for (int rows : new int[] {1, 2, 5, 7, 64, 67}) {
        for (int in : new int[] {1, 31, 64, 300, 1030}) {
          for (int out : new int[] {2, 14, 66, 130}) {
            for (Epilogue epilogue : Epilogue.values()) {
              for (boolean bias : new boolean[] {false, true}) {
                String what =
                    String.format(
                        "[%d, %d] x [%d, %d], %s, bias %s", rows, in, out, in, epilogue, bias);
                float[] want = matmul(ORACLE, source, rows, in, out, epilogue, bias);
                close(want, matmul(backend, source, rows, in, out, epilogue, bias), what);
              }
            }
          }
        }
      }
    }
  }

  private static float[] matmul(
      HostBackend backend,
      RandomWeights source,
      int rows,
      int in,
      int out,
      Epilogue epilogue,
      boolean bias) {
    int cols = epilogue == Epilogue.SWIGLU ? out / 2 : out;
    try (Weight w =
            backend.weight(source.tensor("a", out / 2, in), source.tensor("b", out - out / 2, in));
        Buffer b = bias ? backend.parameter(source.tensor("bias", out)) : null;
        Buffer x = on(backend, random(rows * in, 1, in));
        Buffer y = on(backend, random(rows * cols, 1, out))) {
      backend.matmul(x, rows, w, b, epilogue, 0.25f, y);
      return host(y, rows * cols);
    }
  }

  @ParameterizedTest(name = "{0}, {1}")
  @MethodSource("backendsAndTypes")
  void swigluOfLargeGates(String name, Dtype dtype) {
    RandomWeights source = new RandomWeights(2, dtype);
    try (HostBackend backend = TestBackends.host(name)) {
      float[] want = new float[3 * 35];
      float[] got = new float[3 * 35];
      for (HostBackend b : List.of(ORACLE, backend)) {
        try (Weight w = b.weight(source.tensor("gate", 35, 40), source.tensor("up", 35, 40));
            Buffer x = on(b, random(3 * 40, 500, 3));
            Buffer y = b.allocate(3 * 35)) {
          b.matmul(x, 3, w, null, Epilogue.SWIGLU, 1, y);
          y.copyTo(b == ORACLE ? want : got, 3 * 35);
        }
      }
      for (int i = 0; i < want.length; i++) {
        // A gate near zero is what is left of products of some hundreds: float32 keeps less of it.
        assertEquals(want[i], got[i], 0.05 + 1e-5 * Math.abs(want[i]), "element " + i);
      }
    }
  }

  @ParameterizedTest(name = "{0}, {1}")
  @MethodSource("backendsAndTypes")
  void embed(String name, Dtype dtype) {
    RandomWeights source = new RandomWeights(3, dtype);
    int[] tokens = {5, 0, 70, 70, 3, 69, 1};
    try (HostBackend backend = TestBackends.host(name)) {
      for (int width : new int[] {1, 16, 52, 129}) {
        List<float[]> results = new ArrayList<>();
        for (HostBackend b : List.of(ORACLE, backend)) {
          try (Weight table = b.weight(source.tensor("embed", 71, width));
              Buffer out = b.allocate(tokens.length * width)) {
            b.embed(table, tokens, 12, out);
            results.add(host(out, tokens.length * width));
          }
        }
        assertArrayEquals(results.get(0), results.get(1), "width " + width);
      }
    }
  }

  @ParameterizedTest(name = "{0}, {1}")
  @MethodSource("backendsAndTypes")
  void rmsNorm(String name, Dtype dtype) {
    RandomWeights source = new RandomWeights(4, dtype);
    try (HostBackend backend = TestBackends.host(name)) {
      for (int cols : new int[] {1, 7, 16, 17, 52, 256, 301}) {
        float[] x = random(5 * cols, 3, cols);
        Arrays.fill(x, 2 * cols, 3 * cols, 0);
        List<float[]> results = new ArrayList<>();
        for (HostBackend b : List.of(ORACLE, backend)) {
          try (Buffer weight = b.parameter(source.tensor("norm.weight", cols));
              Buffer from = on(b, x);
              Buffer to = b.allocate(5 * cols)) {
            b.rmsNorm(from, 5, cols, weight, 1e-5f, to);
            results.add(host(to, 5 * cols));
            b.rmsNorm(from, 5, cols, weight, 1e-5f, from);
            assertArrayEquals(results.get(results.size() - 1), host(from, 5 * cols), "in place");
          }
        }
        close(results.get(0), results.get(1), cols + " columns");
      }
    }
  }

  @ParameterizedTest(name = "{0}, {1}")
  @MethodSource("backendsAndTypes")
  void picks(String name, Dtype dtype) {
    RandomWeights source = new RandomWeights(5, dtype);
    ModelConfig config = TestModels.config(1, 2, 32);
    Filters warm = new Filters(1.1, 20, 0.9, 0, 1);
    try (HostBackend backend = TestBackends.host(name)) {
      List<float[]> logits = new ArrayList<>();
      List<Results> results = new ArrayList<>();
      for (HostBackend b : List.of(ORACLE, backend)) {
        try (Weight head = b.weight(source.tensor("head", 101, 52));
            Buffer norm = b.parameter(source.tensor("norm.weight", 52));
            Buffer x = on(b, random(130 * 52, 2, 9))) {
          float[] read = new float[90 * 101];
          List<Pick> picks = new ArrayList<>();
          picks.add(new Pick.Draw(0, Filters.GREEDY, null, 0));
          picks.add(new Pick.Draw(2, warm, null, 0.7));
          picks.add(new Pick.Score(3, 17));
          for (int i = 0; i < 90; i++) {
            picks.add(new Pick.Read(8 + i + i / 3, read, i * 101));
          }
          picks.add(new Pick.Score(129, 100));
          Step step = new Step(new int[130], List.of(), picks);
          results.add(b.pick(config, x, step, norm, head));
          logits.add(read);
        }
      }
      close(logits.get(0), logits.get(1), "logits");
      assertArrayEquals(results.get(0).tokens(), results.get(1).tokens(), "drawn tokens");
      close(results.get(0).logProbs(), results.get(1).logProbs(), "log-probabilities");
      assertTrue(results.get(0).logProbs()[2] < 0 && results.get(0).logProbs()[93] < 0);
    }
  }

  /** A model's shape, without its weights. */
  private static List<ModelConfig> shapes() {
    SparseConfig coarse = TestModels.SPARSE.withExactNormaliser(false);
    return List.of(
        TestModels.config(2, 1, 32),
        TestModels.config(1, 3, 64).withSparse(coarse),
        TestModels.config(2, 4, 128),
        TestModels.config(1, 16, 64).withSparse(coarse),
        TestModels.config(3, 5, 20));
  }

  private static Stream<Arguments> backendsAndShapes() {
    return TestBackends.others()
        .flatMap(
            b ->
                shapes().stream()
                    .map(
                        c ->
                            Arguments.of(
                                b, c, c.kvHeads() + "x" + c.groupSize() + " of " + c.headDim())));
  }

  /** Feeds rows of random q, k and v in uneven chunks and attends; what came out of it. */
  private static final class Cache {
    final float[] q;
    final float[] out;
    final Map<String, int[]> blocks = new TreeMap<>();
    final List<float[]> stored = new ArrayList<>();

    Cache(
        HostBackend b,
        ModelConfig c,
        AttentionMethod method,
        boolean norm,
        double size,
        int tokens) {
      int width = c.qkvSize();
      int outWidth = c.heads() * c.headDim();
      q = new float[tokens * width];
      out = new float[tokens * outWidth];
      float[] rows = random(tokens * width, size, tokens);
      RandomWeights source = new RandomWeights(6, Dtype.F32);
      Sequence sequence = TestModels.sequence(method, tokens, tokens);
      b.onSelect(
          (s, layer, position, kvHead, selected) -> {
            synchronized (blocks) {
              blocks.put(String.format("%d %5d %d", layer, position, kvHead), selected);
            }
          });
      try (KvStore kv = b.kvStore(c, TestModels.pages(tokens));
          Buffer qNorm = norm ? b.parameter(source.tensor("q_norm.weight", c.headDim())) : null;
          Buffer kNorm = norm ? b.parameter(source.tensor("k_norm.weight", c.headDim())) : null) {
        for (int start = 0, count; start < tokens; start += count) {
          count = Math.min(start % 3 == 0 ? 101 : start % 3 == 1 ? 1 : 26, tokens - start);
          Step step =
              new Step(
                  new int[count], List.of(new Step.Segment(sequence, 0, count, start)), List.of());
          try (Buffer qkv =
                  on(b, Arrays.copyOfRange(rows, start * width, (start + count) * width));
              Buffer result = b.allocate((long) count * outWidth)) {
            b.ropeAndStore(c, qkv, qNorm, kNorm, step, 1, kv);
            System.arraycopy(host(qkv, count * width), 0, q, start * width, count * width);
            b.attend(c, qkv, step, 1, kv, result);
            float[] part = host(result, count * outWidth);
            System.arraycopy(part, 0, out, start * outWidth, part.length);
          }
          sequence.advance(count);
        }
        read(kv.view(sequence, 1), c.sparse(), tokens);
      } finally {
        b.onSelect(null);
      }
      for (int t = 0; t < tokens; t++) {
        // Only q is promised to be rotated in place.
        Arrays.fill(q, t * width + outWidth, (t + 1) * width, 0);
      }
    }

    private void read(KvView view, SparseConfig s, int tokens) {
      int fine = InfLlmV2.windows(tokens, s.kernelSize(), s.kernelStride());
      int coarse = InfLlmV2.windows(tokens, s.coarseSize(), s.coarseStride());
      for (int h = 0; h < view.kvHeads(); h++) {
        for (int t = 0; t < tokens; t++) {
          float[] key = new float[view.headDim()];
          float[] value = new float[view.headDim()];
          view.key(h, t, key);
          view.value(h, t, value);
          stored.add(key);
          stored.add(value);
        }
        for (int w = 0; w < fine; w++) {
          float[] key = new float[view.headDim()];
          view.fineKey(h, w, key);
          stored.add(key);
        }
        for (int w = 0; w < coarse; w++) {
          float[] key = new float[view.headDim()];
          view.coarseKey(h, w, key);
          stored.add(key);
        }
      }
    }
  }

  private static void agree(Cache want, Cache got) {
    close(want.q, got.q, "rotated q");
    assertEquals(want.stored.size(), got.stored.size());
    for (int i = 0; i < want.stored.size(); i++) {
      close(want.stored.get(i), got.stored.get(i), "cached vector " + i);
    }
    assertEquals(want.blocks.keySet(), got.blocks.keySet(), "who selects");
    want.blocks.forEach(
        (who, blocks) -> assertArrayEquals(blocks, got.blocks.get(who), "blocks of " + who));
    close(want.out, got.out, "attention");
  }

  @ParameterizedTest(name = "{0}, {2}")
  @MethodSource("backendsAndShapes")
  void ropeStoreAndAttend(String name, ModelConfig config, String shape) {
    try (HostBackend backend = TestBackends.host(name)) {
      for (AttentionMethod method : List.of(new DenseAttention(), new InfLlmV2(config.sparse()))) {
        agree(
            new Cache(ORACLE, config, method, true, 1, 467),
            new Cache(backend, config, method, true, 1, 467));
      }
    }
  }

  @ParameterizedTest(name = "{0}, {2}")
  @MethodSource("backendsAndShapes")
  void attendToOneKeyAboveAll(String name, ModelConfig config, String shape) {
    try (HostBackend backend = TestBackends.host(name)) {
      // Products of some hundreds: the softmax is all or nothing and must not overflow.
      Cache want = new Cache(ORACLE, config, new DenseAttention(), false, 8, 200);
      Cache got = new Cache(backend, config, new DenseAttention(), false, 8, 200);
      for (int i = 0; i < want.out.length; i++) {
        assertEquals(want.out[i], got.out[i], 5e-3, "attention, element " + i);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("dev.longspan.kernels.backend.TestBackends#others")
  void longRope(String name) {
    ModelConfig c = TestModels.config(2, 2, 32);
    float[] factor = new float[16];
    for (int i = 0; i < 16; i++) {
      factor[i] = 1 + i * i / 3f;
    }
    RopeConfig rope = new RopeConfig(c.rope().invFreq(), factor, 1.19f);
    ModelConfig config = c.withRope(rope);
    try (HostBackend backend = TestBackends.host(name)) {
      Cache want = new Cache(ORACLE, config, new DenseAttention(), false, 1, 1500);
      agree(want, new Cache(backend, config, new DenseAttention(), false, 1, 1500));
      float[] plain = new Cache(ORACLE, c, new DenseAttention(), false, 1, 1500).q;
      assertTrue(!Arrays.equals(want.q, plain), "the factors are used");
    }
  }
}
