package dev.longspan.kernels.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.kernels.attention.AttentionMethod;
import dev.longspan.kernels.attention.DenseAttention;
import dev.longspan.kernels.attention.InfLlmV2;
import dev.longspan.kernels.backend.Backend;
import dev.longspan.kernels.backend.Backends;
import dev.longspan.kernels.backend.KvStore;
import dev.longspan.kernels.backend.cuda.device.GpuTest;
import dev.longspan.kernels.backend.scalar.ScalarBackend;
import dev.longspan.kernels.checkpoint.Dtype;
import dev.longspan.kernels.checkpoint.RandomWeights;
import dev.longspan.kernels.sampling.Filters;
import dev.longspan.kernels.sampling.LogProbs;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whole models of random weights on the GPU: against the oracle, and against themselves. */
@GpuTest
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ForwardGpuTest {
  /** Not a multiple of anything; from 321 tokens on, sparse rows have a choice. */
  private static final int LONG = 451;

  private static final int VOCAB = 1000;

  /** Which of several sequences is looked at. */
  private static final int MINE = 2;

  private Backend backend;

  @BeforeAll
  void open() {
    backend = Backends.open("cuda");
  }

  @AfterAll
  void close() {
    backend.close();
  }

  record Case(ModelConfig config, Dtype dtype, AttentionMethod method) {
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

  static List<Case> cases() {
    List<Case> cases = new ArrayList<>();
    SparseConfig exact = TestModels.SPARSE;
    SparseConfig coarse = exact.withExactNormaliser(false);
    int[][] heads = {{2, 1, 64}, {1, 3, 64}, {2, 16, 128}, {2, 4, 128}, {1, 16, 64}, {3, 2, 128}};
    for (int i = 0; i < heads.length; i++) {
      ModelConfig c = config(heads[i], i % 2 == 1, i == 3);
      AttentionMethod method =
          i == 0 ? new DenseAttention() : new InfLlmV2(i % 2 == 0 ? exact : coarse);
      cases.add(new Case(c, Dtype.values()[i % 3], method));
    }
    return cases;
  }

  private static ModelConfig config(int[] heads, boolean bias, boolean qkNorm) {
    float[] factor = new float[heads[2] / 2];
    for (int i = 0; i < factor.length; i++) {
      factor[i] = 1 + i / 7f;
    }
    RopeConfig plain = RopeConfig.plain(10_000, heads[2]);
    return new ModelConfig(
        bias ? "Qwen2ForCausalLM" : "MiniCPMForCausalLM",
        200,
        328,
        3,
        heads[0] * heads[1],
        heads[0],
        heads[2],
        VOCAB,
        4096,
        1e-5f,
        new RopeConfig(plain.invFreq(), factor, 1.1f),
        12f,
        0.5f,
        0.25f,
        !bias,
        bias,
        bias,
        qkNorm,
        TestModels.SPARSE);
  }

  private static int[] tokens(int n, long seed) {
    return new Random(seed).ints(n, 0, VOCAB).toArray();
  }

  /** Returns the logits of every position: a prompt, then an answer of given tokens. */
  private static float[] logits(
      Model model, AttentionMethod method, int[] tokens, int prompt, int chunk) {
    float[] all = new float[tokens.length * VOCAB];
    try (KvStore kv = model.kvStore(TestModels.pages(tokens.length))) {
      Sequence sequence = TestModels.sequence(method, prompt, tokens.length);
      Prefill.run(model, kv, sequence, Arrays.copyOf(tokens, prompt), chunk, prompt, all);
      for (int t = prompt; t < tokens.length; t++) {
        List<Pick> read = List.of(new Pick.Read(0, all, t * VOCAB));
        model.forward(Prefill.step(sequence, new int[] {tokens[t]}, read), kv);
      }
    }
    return all;
  }

  private static double relative(float[] want, float[] got) {
    double error = 0;
    double norm = 0;
    for (int i = 0; i < want.length; i++) {
      error += Math.pow(want[i] - got[i], 2);
      norm += Math.pow(want[i], 2);
    }
    return Math.sqrt(error / norm);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("cases")
  void agreesWithTheOracle(Case c) {
    int[] tokens = tokens(LONG, 3);
    try (Backend oracle = new ScalarBackend();
        Model expected = c.on(oracle);
        Model model = c.on(backend)) {
      float[] want = logits(expected, c.method, tokens, LONG - 60, LONG);
      float[] got = logits(model, c.method, tokens, LONG - 60, LONG);
      float[] wantPrompt = Arrays.copyOf(want, (LONG - 60) * VOCAB);
      float[] gotPrompt = Arrays.copyOf(got, (LONG - 60) * VOCAB);
      float[] wantAnswer = Arrays.copyOfRange(want, (LONG - 60) * VOCAB, want.length);
      float[] gotAnswer = Arrays.copyOfRange(got, (LONG - 60) * VOCAB, want.length);
      double prompt = relative(wantPrompt, gotPrompt);
      double answer = relative(wantAnswer, gotAnswer);
      System.out.printf(
          "cuda against scalar, %s: relative error of prompts %.2e, of answers %.2e%n",
          c, prompt, answer);
      // Random keys make scores that nearly tie: a few rows select another block than the oracle.
      double tolerance = c.method instanceof DenseAttention ? 1e-2 : 5e-2;
      assertTrue(
          prompt <= tolerance && answer <= tolerance, "relative error " + prompt + ", " + answer);
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("cases")
  void chunksAndNeighboursChangeNothing(Case c) {
    int[] tokens = tokens(LONG, 4);
    int prompt = LONG - 20;
    try (Model model = c.on(backend)) {
      float[] whole = logits(model, c.method, tokens, prompt, LONG);
      for (int chunk : new int[] {13, 64, 77, 200}) {
        assertArrayEquals(
            whole, logits(model, c.method, tokens, prompt, chunk), "chunks of " + chunk);
      }
      for (int others : new int[] {4, 11, 30, 63}) {
        float[] among = amongOthers(model, c, tokens, prompt, others);
        assertArrayEquals(whole, among, "among " + others + " others");
      }
    }
  }

  /** The same logits, with other sequences in each step. */
  private static float[] amongOthers(Model model, Case c, int[] tokens, int prompt, int others) {
    float[] all = new float[tokens.length * VOCAB];
    int pages = TestModels.pages(tokens.length);
    try (KvStore kv = model.kvStore((others + 1) * pages)) {
      Sequence[] sequences = new Sequence[others + 1];
      for (int s = 0; s <= others; s++) {
        AttentionMethod method = s % 2 == 0 ? c.method : new DenseAttention();
        sequences[s] = new Sequence(method, s == MINE ? prompt : prompt - 3 * s - 1);
        for (int page = 0; page < pages; page++) {
          sequences[s].addPage(page * (others + 1) + s);
        }
      }
      for (int at = 0; at < prompt; at += 50) {
        List<Step.Segment> segments = new ArrayList<>();
        int[] rows = new int[(others + 1) * 50];
        int row = 0;
        List<Pick> picks = new ArrayList<>();
        for (Sequence sequence : sequences) {
          int n = Math.min(50, sequence.promptLength() - at);
          if (n <= 0) {
            continue;
          }
          segments.add(new Step.Segment(sequence, row, n, at));
          for (int i = 0; i < n; i++) {
            if (sequence == sequences[MINE]) {
              picks.add(new Pick.Read(row, all, (at + i) * VOCAB));
              rows[row++] = tokens[at + i];
            } else {
              rows[row++] = (at + i) % VOCAB;
            }
          }
        }
        model.forward(new Step(Arrays.copyOf(rows, row), segments, picks), kv);
      }
      for (int t = prompt; t < tokens.length; t++) {
        List<Step.Segment> segments = new ArrayList<>();
        int[] rows = new int[others + 1];
        int place = t % (others + 1);
        for (int i = 0; i <= others; i++) {
          // The row moves through the step, and the others change places around it.
          int other = i < place ? i : i - 1;
          int s = i == place ? MINE : other < MINE ? other : other + 1;
          Sequence sequence = sequences[s];
          segments.add(new Step.Segment(sequence, i, 1, sequence.length()));
          rows[i] = s == MINE ? tokens[t] : (7 * t + s) % VOCAB;
        }
        List<Pick> read = List.of(new Pick.Read(place, all, t * VOCAB));
        model.forward(new Step(rows, segments, read), kv);
      }
    }
    return all;
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("cases")
  void scoresAndGreedyDrawsAreThoseOfTheLogits(Case c) {
    int[] tokens = tokens(300, 5);
    try (Model model = c.on(backend);
        KvStore kv = model.kvStore(TestModels.pages(320))) {
      float[] logits = logits(model, c.method, tokens, 300, 300);
      Sequence sequence = TestModels.sequence(c.method, 300, 320);
      List<Pick> picks = new ArrayList<>();
      for (int t = 0; t + 1 < 300; t++) {
        picks.add(new Pick.Score(t, tokens[t + 1]));
      }
      picks.add(new Pick.Draw(299, Filters.GREEDY, null, 0));
      Results results = model.forward(Prefill.step(sequence, tokens, picks), kv);
      for (int t = 0; t + 1 < 300; t++) {
        double want = LogProbs.of(logits, t * VOCAB, VOCAB, tokens[t + 1]);
        assertTrue(Math.abs(want - results.logProbs()[t]) < 1e-4, t + ": " + want);
      }
      int first = Prefill.argmax(logits, 299 * VOCAB, VOCAB);
      assertEquals(first, results.tokens()[299], "the first token of the answer");

      int[] known = Prefill.greedy(model, kv, sequence, first, 16);
      Sequence again = TestModels.sequence(c.method, 300, 320);
      model.forward(Prefill.step(again, tokens, List.of(picks.get(299))), kv);
      List<Pending> pending = new ArrayList<>();
      for (int i = 1; i < 16; i++) {
        List<Pick> draw = List.of(new Pick.Draw(0, Filters.GREEDY, null, 0));
        pending.add(model.launch(Prefill.step(again, new int[] {Step.DRAWN}, draw), kv));
      }
      int[] ahead = new int[16];
      ahead[0] = first;
      for (int i = 1; i < 16; i++) {
        ahead[i] = pending.get(i - 1).collect().tokens()[0];
      }
      assertArrayEquals(known, ahead, "steps ahead of their results");
    }
  }
}
