package dev.longspan.kernels.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.kernels.attention.AttentionMethod;
import dev.longspan.kernels.attention.DenseAttention;
import dev.longspan.kernels.attention.InfLlmV2;
import dev.longspan.kernels.backend.Backend;
import dev.longspan.kernels.backend.Backends;
import dev.longspan.kernels.backend.KvStore;
import dev.longspan.kernels.backend.TestBackends;
import dev.longspan.kernels.checkpoint.Dtype;
import dev.longspan.kernels.checkpoint.RandomWeights;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random models of odd shapes, on every backend: however a text is fed, the logits are the same.
 */
class ForwardTest {
  private static final int LONG = 450;

  /** A model and how it attends. */
  private record Case(ModelConfig config, Dtype dtype, AttentionMethod method) {
    @Override
    public String toString() {
      return String.format(
          "%s %dx%d heads of %d, %s, %s",
          config.architecture(),
          config.kvHeads(),
          config.groupSize(),
          config.headDim(),
          dtype,
          method.describe());
    }

    Model on(Backend backend) {
      return Model.of(config, new RandomWeights(17, dtype), backend);
    }
  }

  private static List<Case> cases() {
    SparseConfig exact = TestModels.SPARSE;
    SparseConfig coarse = exact.withExactNormaliser(false);
    SparseConfig narrow = new SparseConfig(16, 8, 2, 64, 0, 4, 0, false, false);
    SparseConfig apart = new SparseConfig(16, 16, 0, 64, 128, 2, 0, true, true);
    return List.of(
        new Case(TestModels.config(2, 1, 64), Dtype.BF16, new DenseAttention()),
        new Case(TestModels.config(1, 3, 32), Dtype.F32, new DenseAttention()),
        new Case(TestModels.config(2, 1, 32), Dtype.F16, new InfLlmV2(exact)),
        new Case(TestModels.config(3, 3, 64), Dtype.BF16, new InfLlmV2(coarse)),
        new Case(TestModels.config(2, 4, 128), Dtype.F32, new InfLlmV2(exact)),
        new Case(TestModels.config(1, 16, 32), Dtype.BF16, new InfLlmV2(coarse)),
        new Case(TestModels.config(2, 16, 64), Dtype.F16, new InfLlmV2(exact)),
        new Case(TestModels.config(2, 3, 32).withSparse(narrow), Dtype.F32, new InfLlmV2(narrow)),
        new Case(TestModels.config(1, 4, 64).withSparse(apart), Dtype.BF16, new InfLlmV2(apart)),
        new Case(
            TestModels.config("Qwen3ForCausalLM", 2, 4, 128, false, true),
            Dtype.BF16,
            new InfLlmV2(coarse)),
        new Case(
            TestModels.config("Qwen2ForCausalLM", 2, 3, 64, true, false),
            Dtype.F32,
            new DenseAttention()));
  }

  private static Stream<Arguments> everywhere() {
    return TestBackends.all().flatMap(b -> cases().stream().map(c -> Arguments.of(b, c)));
  }

  private static Stream<Arguments> elsewhere() {
    return TestBackends.others().flatMap(b -> cases().stream().map(c -> Arguments.of(b, c)));
  }

  /** Returns the logits of every position, [tokens, vocab]. */
  private static float[] logits(Model model, AttentionMethod method, int[] tokens, int chunk) {
    float[] logits = new float[tokens.length * model.config().vocabSize()];
    try (KvStore kv = model.kvStore(TestModels.pages(tokens.length))) {
      Sequence sequence = TestModels.sequence(method, tokens.length, tokens.length);
      Prefill.run(model, kv, sequence, tokens, chunk, tokens.length, logits);
    }
    return logits;
  }

  @ParameterizedTest(name = "{0}, {1}")
  @MethodSource("everywhere")
  void chunksChangeNothing(String backendName, Case c) {
    int[] tokens = TestModels.tokens(LONG, 1);
    try (Backend backend = Backends.open(backendName);
        Model model = c.on(backend)) {
      float[] whole = logits(model, c.method, tokens, tokens.length);
      for (int chunk : new int[] {1, 13, 64, 77, 200}) {
        assertArrayEquals(
            whole, logits(model, c.method, tokens, chunk), "chunks of " + chunk + " tokens");
      }
    }
  }

  @ParameterizedTest(name = "{0}, {1}")
  @MethodSource("everywhere")
  void everyLengthGivesThePrefixOfALongerText(String backendName, Case c) {
    int[] tokens = TestModels.tokens(LONG, 2);
    int vocab = c.config.vocabSize();
    try (Backend backend = Backends.open(backendName);
        Model model = c.on(backend)) {
      float[] whole = logits(model, c.method, tokens, tokens.length);
      for (int n : new int[] {1, 15, 16, 17, 31, 33, 63, 64, 65, 127, 129, 192, 319, 321}) {
        assertArrayEquals(
            Arrays.copyOf(whole, n * vocab),
            logits(model, c.method, Arrays.copyOf(tokens, n), n),
            n + " tokens");
      }
    }
  }

  @ParameterizedTest(name = "{0}, {1}")
  @MethodSource("elsewhere")
  void agreesWithTheOracle(String backendName, Case c) {
    int[] tokens = TestModels.tokens(LONG, 3);
    try (Backend oracle = Backends.open("scalar");
        Backend backend = Backends.open(backendName);
        Model expected = c.on(oracle);
        Model model = c.on(backend)) {
      float[] want = logits(expected, c.method, tokens, tokens.length);
      float[] got = logits(model, c.method, tokens, tokens.length);
      float worst = 0;
      for (int i = 0; i < want.length; i++) {
        worst = Math.max(worst, Math.abs(want[i] - got[i]));
      }
      System.out.printf("%s against scalar, %s: %.2e%n", backendName, c, worst);
      assertTrue(worst <= 1e-5, "largest logit difference " + worst);
    }
  }

  @ParameterizedTest(name = "{0}, {1}")
  @MethodSource("everywhere")
  void sparseEqualsDenseWhereAllBlocksAreSelected(String backendName, Case c) {
    SparseConfig s = c.config.sparse();
    SparseConfig all =
        new SparseConfig(s.kernelSize(), s.kernelStride(), 1, 64, 128, 6, 0, true, false);
    int[] tokens = TestModels.tokens(64 * all.selectedBlocks(), 4);
    try (Backend backend = Backends.open(backendName);
        Model model = c.on(backend)) {
      assertArrayEquals(
          logits(model, new DenseAttention(), tokens, 100),
          logits(model, new InfLlmV2(all), tokens, 100));
    }
  }

  @ParameterizedTest(name = "{0}, {1}")
  @MethodSource("everywhere")
  void growsFromDenseToSparse(String backendName, Case c) {
    InfLlmV2 method = new InfLlmV2(c.config.sparse().withDenseLength(400));
    int[] tokens = TestModels.tokens(LONG, 5);
    int vocab = c.config.vocabSize();
    int prompt = 390;
    try (Backend backend = Backends.open(backendName);
        Model model = c.on(backend);
        KvStore kv = model.kvStore(TestModels.pages(LONG))) {
      float[] grown = new float[LONG * vocab];
      Sequence sequence = TestModels.sequence(method, prompt, LONG);
      Prefill.run(model, kv, sequence, Arrays.copyOf(tokens, prompt), prompt, prompt, grown);
      float[] row = new float[vocab];
      for (int t = prompt; t < LONG; t++) {
        Prefill.run(model, kv, sequence, new int[] {tokens[t]}, 1, 1, row);
        System.arraycopy(row, 0, grown, t * vocab, vocab);
      }

      float[] whole = new float[LONG * vocab];
      Sequence oneShot = TestModels.sequence(method, prompt, LONG);
      Prefill.run(model, kv, oneShot, tokens, LONG, LONG, whole);

      assertArrayEquals(whole, grown);
      float[] dense = logits(model, new DenseAttention(), tokens, LONG);
      assertArrayEquals(Arrays.copyOf(dense, 399 * vocab), Arrays.copyOf(grown, 399 * vocab));
      assertFalse(Arrays.equals(dense, grown), "from 400 tokens on it is sparse");
    }
  }

  @ParameterizedTest(name = "{0}, {1}")
  @MethodSource("everywhere")
  void neighboursChangeNothing(String backendName, Case c) {
    int vocab = c.config.vocabSize();
    int[] a = TestModels.tokens(333, 6);
    int[] b = TestModels.tokens(90, 7);
    try (Backend backend = Backends.open(backendName);
        Model model = c.on(backend);
        KvStore kv = model.kvStore(9)) {
      float[] aAlone = logits(model, c.method, a, a.length);
      float[] bAlone = logits(model, new DenseAttention(), b, b.length);

      Sequence first = new Sequence(c.method, a.length);
      Sequence second = new Sequence(new DenseAttention(), b.length);
      for (int page : new int[] {8, 1, 6, 3, 4, 5}) {
        first.addPage(page);
      }
      second.addPage(0);
      second.addPage(7);
      Prefill.run(model, kv, first, Arrays.copyOf(a, 300), 300, 0, new float[0]);
      int[] rows = Arrays.copyOf(Arrays.copyOfRange(a, 300, 333), 33 + 90);
      System.arraycopy(b, 0, rows, 33, 90);
      float[] last = new float[2 * vocab];
      model.forward(
          new Step(
              rows,
              List.of(new Step.Segment(first, 0, 33, 300), new Step.Segment(second, 33, 90, 0)),
              List.of(new Pick.Read(32, last, 0), new Pick.Read(122, last, vocab))),
          kv);

      assertArrayEquals(
          Arrays.copyOfRange(aAlone, 332 * vocab, 333 * vocab), Arrays.copyOf(last, vocab));
      assertArrayEquals(
          Arrays.copyOfRange(bAlone, 89 * vocab, 90 * vocab),
          Arrays.copyOfRange(last, vocab, 2 * vocab));
      assertEquals(333, first.length());
      assertEquals(90, second.length());
    }
  }
}
