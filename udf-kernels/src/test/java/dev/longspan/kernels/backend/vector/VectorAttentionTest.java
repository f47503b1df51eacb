package dev.longspan.kernels.backend.vector;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.kernels.attention.AttentionMethod;
import dev.longspan.kernels.attention.DenseAttention;
import dev.longspan.kernels.attention.InfLlmV2;
import dev.longspan.kernels.attention.KvView;
import dev.longspan.kernels.backend.KvStore;
import dev.longspan.kernels.backend.host.Buffer;
import dev.longspan.kernels.backend.host.HostBackend;
import dev.longspan.kernels.backend.scalar.ScalarBackend;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.Sequence;
import dev.longspan.kernels.model.SparseConfig;
import dev.longspan.kernels.model.Step;
import dev.longspan.kernels.model.TestModels;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Cache, attention and selection on chosen queries, keys and values. */
class VectorAttentionTest {
  private static final ModelConfig CONFIG = TestModels.config(2, 3, 64);
  private static final SparseConfig SPARSE = TestModels.SPARSE;

  /** What an attention gave: the result [tokens, heads * headDim] and the blocks selected. */
  private record Outcome(float[] out, Map<String, int[]> blocks) {}

  private static float[] random(int n, float scale, long seed) {
    Random random = new Random(seed);
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = scale * (float) random.nextGaussian();
    }
    return values;
  }

  private static Step step(Sequence sequence, int start, int count) {
    return new Step(
        new int[count], List.of(new Step.Segment(sequence, 0, count, start)), List.of());
  }

  /** Stores some tokens and attends for them, on layer 1. */
  private static Outcome attend(
      HostBackend backend,
      ModelConfig config,
      KvStore kv,
      Sequence sequence,
      int start,
      float[] qkv) {
    int count = qkv.length / config.qkvSize();
    Map<String, int[]> blocks = new ConcurrentHashMap<>();
    backend.onSelect((s, layer, p, head, selected) -> blocks.put(p + "." + head, selected));
    float[] out = new float[count * config.heads() * config.headDim()];
    try (Buffer from = backend.allocate(qkv.length);
        Buffer to = backend.allocate(out.length)) {
      from.copyFrom(qkv, qkv.length);
      Step step = step(sequence, start, count);
      backend.ropeAndStore(config, from, null, null, step, 1, kv);
      backend.attend(config, from, step, 1, kv, to);
      to.copyTo(out, out.length);
    }
    backend.onSelect(null);
    return new Outcome(out, new TreeMap<>(blocks));
  }

  private static Outcome attend(
      HostBackend backend, ModelConfig config, AttentionMethod method, float[] qkv) {
    int count = qkv.length / config.qkvSize();
    try (KvStore kv = backend.kvStore(config, TestModels.pages(count))) {
      return attend(backend, config, kv, TestModels.sequence(method, count, count), 0, qkv);
    }
  }

  private static void assertSameBlocks(Outcome want, Outcome got) {
    assertEquals(want.blocks.keySet(), got.blocks.keySet());
    want.blocks.forEach((key, blocks) -> assertArrayEquals(blocks, got.blocks.get(key), key));
  }

  @Test
  void cacheHoldsWhatTheOracleHolds() {
    int count = 333;
    float[] qkv = random(count * CONFIG.qkvSize(), 1, 1);
    HostBackend[] backends = {new ScalarBackend(), new VectorBackend(2)};
    KvView[] views = new KvView[2];
    for (int i = 0; i < 2; i++) {
      try (HostBackend backend = backends[i]) {
        KvStore kv = backend.kvStore(CONFIG, TestModels.pages(count));
        Sequence sequence = TestModels.sequence(new DenseAttention(), count, count);
        attend(backend, CONFIG, kv, sequence, 0, qkv);
        views[i] = kv.view(sequence, 1);
      }
    }
    for (int h = 0; h < CONFIG.kvHeads(); h++) {
      int head = h;
      same(count, views, v -> (at, to) -> v.key(head, at, to));
      same(count, views, v -> (at, to) -> v.value(head, at, to));
      same(count / 16 - 1, views, v -> (at, to) -> v.fineKey(head, at, to));
      same(count / 64 - 1, views, v -> (at, to) -> v.coarseKey(head, at, to));
    }
  }

  private interface Reader {
    void read(int at, float[] to);
  }

  private static void same(int count, KvView[] views, Function<KvView, Reader> reader) {
    float[] want = new float[CONFIG.headDim()];
    float[] got = new float[CONFIG.headDim()];
    for (int at = 0; at < count; at++) {
      reader.apply(views[0]).read(at, want);
      reader.apply(views[1]).read(at, got);
      assertArrayEquals(want, got, 2e-6f);
    }
  }

  private static Stream<AttentionMethod> methods() {
    return Stream.of(
        new DenseAttention(),
        new InfLlmV2(SPARSE),
        new InfLlmV2(SPARSE.withExactNormaliser(false)),
        new InfLlmV2(SPARSE.withRoundScores(true)));
  }

  /** Scores that grow and fall by hundreds: references are raised again and again. */
  @ParameterizedTest
  @MethodSource("methods")
  void wideScoresAgreeWithTheOracle(AttentionMethod method) {
    int count = 400;
    float[] qkv = random(count * CONFIG.qkvSize(), 1, 2);
    int k = CONFIG.heads() * CONFIG.headDim();
    for (int t = 0; t < count; t++) {
      float factor = (float) (8 * (1 + t % 150 / 20));
      for (int i = 0; i < CONFIG.kvHeads() * CONFIG.headDim(); i++) {
        qkv[t * CONFIG.qkvSize() + k + i] *= factor;
      }
    }
    try (HostBackend oracle = new ScalarBackend();
        HostBackend backend = new VectorBackend(2)) {
      Outcome want = attend(oracle, CONFIG, method, qkv);
      Outcome got = attend(backend, CONFIG, method, qkv);
      assertSameBlocks(want, got);
      assertArrayEquals(want.out, got.out, 2e-4f);
    }
  }

  /** Where all keys are alike every score ties, and the lower block wins. */
  @ParameterizedTest
  @MethodSource("methods")
  void tiesGoToTheLowerBlock(AttentionMethod method) {
    int count = 700;
    float[] qkv = random(count * CONFIG.qkvSize(), 1, 3);
    int k = CONFIG.heads() * CONFIG.headDim();
    for (int t = 0; t < count; t++) {
      for (int i = 0; i < CONFIG.kvHeads() * CONFIG.headDim(); i++) {
        qkv[t * CONFIG.qkvSize() + k + i] = 0;
      }
    }
    try (HostBackend backend = new VectorBackend(2)) {
      Outcome got = attend(backend, CONFIG, method, qkv);
      assertEquals(method instanceof InfLlmV2, !got.blocks.isEmpty());
      if (method instanceof InfLlmV2) {
        // One initial, two local and two by score.
        assertArrayEquals(new int[] {0, 1, 2, 9, 10}, got.blocks.get("699.0"));
        assertArrayEquals(new int[] {0, 1, 2, 3, 4}, got.blocks.get("319.1"));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("methods")
  void threadsChangeNothing(AttentionMethod method) {
    float[] qkv = random(777 * CONFIG.qkvSize(), 1, 4);
    try (HostBackend one = new VectorBackend(1);
        HostBackend five = new VectorBackend(5)) {
      Outcome want = attend(one, CONFIG, method, qkv);
      Outcome got = attend(five, CONFIG, method, qkv);
      assertSameBlocks(want, got);
      assertArrayEquals(want.out, got.out);
    }
  }

  @ParameterizedTest
  @MethodSource("methods")
  void aPageGivenBackIsWrittenOver(AttentionMethod method) {
    int count = 450;
    float[] first = random(512 * CONFIG.qkvSize(), 30, 5);
    float[] second = random(count * CONFIG.qkvSize(), 1, 6);
    try (HostBackend backend = new VectorBackend(2);
        KvStore kv = backend.kvStore(CONFIG, 8)) {
      attend(backend, CONFIG, kv, TestModels.sequence(method, 512, 512), 0, first);
      Sequence sequence = TestModels.sequence(method, count, count);
      Outcome got = attend(backend, CONFIG, kv, sequence, 0, second);
      Outcome want = attend(backend, CONFIG, method, second);
      assertSameBlocks(want, got);
      assertArrayEquals(want.out, got.out);
    }
  }

  /** A sequence may be wound back: what it keeps in panels must follow. */
  @ParameterizedTest
  @MethodSource("methods")
  void tokensWrittenAnewReplaceTheOldOnes(AttentionMethod method) {
    int size = CONFIG.qkvSize();
    float[] text = random(600 * size, 1, 7);
    float[] end = random(400 * size, 1, 8);
    float[] changed = text.clone();
    System.arraycopy(end, 0, changed, 200 * size, end.length);
    int outSize = CONFIG.heads() * CONFIG.headDim();
    try (HostBackend backend = new VectorBackend(2);
        KvStore kv = backend.kvStore(CONFIG, 10)) {
      Sequence sequence = TestModels.sequence(method, 600, 600);
      attend(backend, CONFIG, kv, sequence, 0, text);
      float[] got = attend(backend, CONFIG, kv, sequence, 200, end).out;
      float[] want = new float[400 * outSize];
      System.arraycopy(
          attend(backend, CONFIG, method, changed).out, 200 * outSize, want, 0, want.length);
      assertArrayEquals(want, got);
    }
  }

  @Test
  void notANumberStaysVisible() {
    float[] qkv = random(200 * CONFIG.qkvSize(), 1, 9);
    // One element of the value of token 100, KV head 1.
    qkv[100 * CONFIG.qkvSize() + CONFIG.qkvSize() - CONFIG.headDim() + 7] = Float.NaN;
    // The whole query of token 150, head 0.
    Arrays.fill(qkv, 150 * CONFIG.qkvSize(), 150 * CONFIG.qkvSize() + CONFIG.headDim(), -Float.NaN);
    try (HostBackend backend = new VectorBackend(2)) {
      float[] out = attend(backend, CONFIG, new DenseAttention(), qkv).out;
      int size = CONFIG.heads() * CONFIG.headDim();
      int head = 3 * CONFIG.headDim();
      assertFalse(Float.isNaN(out[99 * size + head + 7]));
      assertTrue(Float.isNaN(out[100 * size + head + 7]));
      assertTrue(Float.isNaN(out[199 * size + head + 7]));
      assertFalse(Float.isNaN(out[199 * size + head + 8]));
      assertTrue(Float.isNaN(out[150 * size]));
      assertFalse(Float.isNaN(out[151 * size]));
    }
  }
}
