package dev.longspan.kernels.attention;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.kernels.model.SparseConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class InfLlmV2Test {
  /** Forces the first block, the current one and the one before; chooses two more. */
  private static final SparseConfig SMALL = new SparseConfig(32, 16, 1, 64, 64, 4, 0, true, false);

  private static float[] query(int size, long seed) {
    Random random = new Random(seed);
    float[] q = new float[size];
    for (int i = 0; i < size; i++) {
      q[i] = (float) random.nextGaussian();
    }
    return q;
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 30, 31, 63, 64, 127, 128, 200, 318, 319})
  void isDenseBitForBitWhereEveryBlockIsSelected(int position) {
    ArrayKv kv = new ArrayKv(320, 6, 2, 24, SMALL, 1);
    float[] q = query(6 * 24, position);
    float[] dense = new float[6 * 24];
    float[] sparse = new float[6 * 24];

    new DenseAttention().attend(q, 0, position, position + 1, kv, dense, 0);
    new InfLlmV2(SMALL).attend(q, 0, position, position + 1, kv, sparse, 0);

    assertEquals(5, SMALL.selectedBlocks(), "five blocks are 320 tokens");
    assertArrayEquals(dense, sparse);
  }

  @Test
  void differsFromDenseWhereBlocksAreLeftOut() {
    ArrayKv kv = new ArrayKv(384, 2, 2, 24, SMALL, 1);
    float[] q = query(2 * 24, 5);
    float[] dense = new float[2 * 24];
    float[] sparse = new float[2 * 24];

    new DenseAttention().attend(q, 0, 383, 384, kv, dense, 0);
    new InfLlmV2(SMALL).attend(q, 0, 383, 384, kv, sparse, 0);

    assertFalse(Arrays.equals(dense, sparse));
  }

  @Test
  void isDenseBelowTheSwitchLengthAndSparseFromThere() {
    ArrayKv kv = new ArrayKv(700, 2, 2, 24, SMALL, 2);
    InfLlmV2 method = new InfLlmV2(SMALL.withDenseLength(700));
    float[] q = query(2 * 24, 6);
    float[] dense = new float[2 * 24];
    float[] below = new float[2 * 24];
    float[] at = new float[2 * 24];

    new DenseAttention().attend(q, 0, 650, 700, kv, dense, 0);
    method.attend(q, 0, 650, 699, kv, below, 0);
    method.attend(q, 0, 650, 700, kv, at, 0);

    assertArrayEquals(dense, below);
    assertFalse(Arrays.equals(dense, at), "the prompt's length decides, not the row's position");
  }

  @Test
  void attendsToNothingButTheSelectedBlocks() {
    ArrayKv kv = new ArrayKv(1000, 3, 1, 16, SMALL, 3);
    InfLlmV2 method = new InfLlmV2(SMALL);
    float[] q = query(3 * 16, 7);
    float[] before = new float[3 * 16];
    method.attend(q, 0, 999, 1000, kv, before, 0);
    int[] blocks = method.select(q, 0, 999, 0, kv);
    for (int t = 0; t < 1000; t++) {
      if (Arrays.binarySearch(blocks, t / 64) < 0) {
        Arrays.fill(kv.values[t][0], Float.NaN);
      }
    }

    float[] after = new float[3 * 16];
    method.attend(q, 0, 999, 1000, kv, after, 0);

    assertArrayEquals(before, after);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void findsTheBlockWhoseKeysTheQueryLikes(boolean exact) {
    InfLlmV2 method = new InfLlmV2(SMALL.withExactNormaliser(exact));
    ArrayKv kv = new ArrayKv(2000, 4, 2, 32, SMALL, 4);
    float[] q = query(4 * 32, 8);
    for (int t = 9 * 64; t < 10 * 64; t++) {
      // Head 3 belongs to KV head 1; KV head 0 sees nothing special.
      System.arraycopy(q, 3 * 32, kv.keys[t][1], 0, 32);
    }

    assertTrue(Arrays.binarySearch(method.select(q, 0, 1999, 1, kv), 9) >= 0);
    assertTrue(Arrays.binarySearch(method.select(q, 0, 1999, 0, kv), 9) < 0);
  }

  @Test
  void forcesTheStartTheCurrentBlockAndTheWindowBeforeIt() {
    SparseConfig released = SparseConfig.MINICPM4.withDenseLength(0);
    int tokens = 130 * 64;
    ArrayKv kv = new ArrayKv(tokens, 1, 1, 4, released, 9);
    int[] blocks = new InfLlmV2(released).select(query(4, 9), 0, tokens - 1, 0, kv);

    assertEquals(96, blocks.length);
    assertEquals(0, blocks[0]);
    int[] local = Arrays.copyOfRange(blocks, 63, 96);
    assertArrayEquals(IntStream.rangeClosed(97, 129).toArray(), local, "33 local blocks");
    assertEquals(62, Arrays.stream(blocks).filter(b -> b > 0 && b < 97).count(), "by score");
  }

  @Test
  void prefersTheLowerBlockAmongEquals() {
    ArrayKv kv = new ArrayKv(1280, 2, 1, 16, SMALL, 10);
    for (float[][] key : kv.keys) {
      Arrays.fill(key[0], 0.25f);
    }

    int[] blocks = new InfLlmV2(SMALL).select(query(2 * 16, 10), 0, 1279, 0, kv);

    assertArrayEquals(new int[] {0, 1, 2, 18, 19}, blocks);
  }

  @Test
  void countsAWindowOfTwoBlocksForBoth() {
    ArrayKv kv = new ArrayKv(1280, 1, 1, 16, SMALL, 11);
    float[] q = query(16, 11);
    // Window 39 holds tokens 624 to 655: the end of block 9 and the start of block 10.
    for (int t = 624; t < 656; t++) {
      System.arraycopy(q, 0, kv.keys[t][0], 0, 16);
    }

    float[] scores = new InfLlmV2(SMALL).blockScores(q, 0, 1279, 0, kv);

    assertEquals(scores[9], scores[10]);
    assertArrayEquals(new int[] {0, 9, 10, 18, 19}, new InfLlmV2(SMALL).select(q, 0, 1279, 0, kv));
  }

  @Test
  void seesAWindowFromItsLastTokenOn() {
    ArrayKv kv = new ArrayKv(128, 1, 1, 16, SMALL, 12);
    InfLlmV2 method = new InfLlmV2(SMALL);
    float[] q = query(16, 12);

    assertEquals(Float.NEGATIVE_INFINITY, method.blockScores(q, 0, 30, 0, kv)[0]);
    assertEquals(1f, method.blockScores(q, 0, 31, 0, kv)[0], "the only window has all weight");
    float[] at78 = method.blockScores(q, 0, 78, 0, kv);
    assertEquals(Float.NEGATIVE_INFINITY, at78[1], "window 3, tokens 48 to 79, is not complete");
    assertTrue(method.blockScores(q, 0, 79, 0, kv)[1] > 0);
  }

  @Test
  void scoresNothingBeforeTheFirstCoarseWindow() {
    InfLlmV2 coarse = new InfLlmV2(SMALL.withExactNormaliser(false));
    ArrayKv kv = new ArrayKv(200, 1, 1, 16, SMALL, 13);
    float[] q = query(16, 13);

    assertArrayEquals(new float[] {0, 0}, coarse.blockScores(q, 0, 126, 0, kv));
    assertTrue(coarse.blockScores(q, 0, 127, 0, kv)[0] > 0);
  }

  @Test
  void coarseNormaliserReplacesTheSumOverFineWindows() {
    ArrayKv kv = new ArrayKv(512, 1, 1, 16, SMALL, 14);
    float[] q = query(16, 14);
    double[] fine = new double[31];
    double[] coarse = new double[7];
    float[] key = new float[16];
    for (int j = 0; j < 31; j++) {
      kv.fineKey(0, j, key);
      fine[j] = Math.exp(product(q, key) / 4);
    }
    for (int j = 0; j < 7; j++) {
      kv.coarseKey(0, j, key);
      coarse[j] = Math.exp(product(q, key) / 4);
    }

    float[] exact = new InfLlmV2(SMALL).blockScores(q, 0, 511, 0, kv);
    float[] approximate =
        new InfLlmV2(SMALL.withExactNormaliser(false)).blockScores(q, 0, 511, 0, kv);

    double best = Arrays.stream(fine, 11, 16).max().orElseThrow();
    assertEquals(best / Arrays.stream(fine).sum(), exact[3], 1e-6);
    assertEquals(best / Arrays.stream(coarse).sum(), approximate[3], 1e-6);
  }

  private static double product(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }

  @Test
  void roundsScoresToBfloat16OnlyWhenAsked() {
    ArrayKv kv = new ArrayKv(640, 2, 1, 16, SMALL, 15);
    float[] q = query(32, 15);

    float[] kept = new InfLlmV2(SMALL).blockScores(q, 0, 639, 0, kv);
    float[] rounded = new InfLlmV2(SMALL.withRoundScores(true)).blockScores(q, 0, 639, 0, kv);

    for (int b = 0; b < kept.length; b++) {
      assertEquals(kept[b], rounded[b], kept[b] / 256);
      assertEquals(0, Float.floatToRawIntBits(rounded[b]) & 0xffff, "lower half of the bits");
    }
    assertFalse(Arrays.equals(kept, rounded));
  }

  @ParameterizedTest
  @CsvSource({
    "32, 16, 1, 2, 64", "32, 16, 3, 2, 32", "32, 16, 4, 1, 128", "32, 16, 16, 2, 32",
    "16, 16, 2, 2, 24", "16, 8, 2, 2, 24", "64, 16, 5, 1, 24", "8, 8, 2, 2, 20",
  })
  void selectsWhatTheDefinitionSelects(int kernel, int stride, int group, int kvHeads, int dim) {
    SparseConfig sparse = new SparseConfig(kernel, stride, 2, 64, 128, 6, 0, true, false);
    int tokens = 1500;
    ArrayKv kv = new ArrayKv(tokens, group * kvHeads, kvHeads, dim, sparse, kernel + group);
    InfLlmV2 method = new InfLlmV2(sparse);
    for (int position : new int[] {0, 15, 63, 64, 511, 512, 527, 1023, 1100, 1487, 1499}) {
      float[] q = query(group * kvHeads * dim, position);
      for (int h = 0; h < kvHeads; h++) {
        assertArrayEquals(
            definition(sparse, kv, q, h, position),
            method.select(q, 0, position, h, kv),
            "position " + position + ", KV head " + h);
      }
    }
  }

  /** Straight from the words: windows by their tokens, a sort of all candidates. */
  private static int[] definition(SparseConfig c, ArrayKv kv, float[] q, int kvHead, int position) {
    int dim = kv.headDim();
    int group = kv.heads() / kv.kvHeads();
    List<Integer> starts = new ArrayList<>();
    for (int s = 0; s + c.kernelSize() - 1 <= position; s += c.kernelStride()) {
      starts.add(s);
    }
    double[] weight = new double[starts.size()];
    float[] mean = new float[dim];
    for (int g = 0; g < group; g++) {
      float[] head =
          Arrays.copyOfRange(q, (kvHead * group + g) * dim, (kvHead * group + g + 1) * dim);
      double[] e = new double[starts.size()];
      for (int w = 0; w < e.length; w++) {
        kv.fineKey(kvHead, w, mean);
        e[w] = Math.exp(product(head, mean) / Math.sqrt(dim));
      }
      double total = Arrays.stream(e).sum();
      for (int w = 0; w < e.length; w++) {
        weight[w] += e[w] / total;
      }
    }
    int current = position / 64;
    TreeSet<Integer> chosen = new TreeSet<>();
    List<Integer> candidates = new ArrayList<>();
    float[] score = new float[current + 1];
    for (int b = 0; b <= current; b++) {
      if (b < c.initBlocks() || b >= current - c.windowSize() / 64) {
        chosen.add(b);
        continue;
      }
      candidates.add(b);
      for (int w = 0; w < weight.length; w++) {
        int start = starts.get(w);
        if (start < (b + 1) * 64 && start + c.kernelSize() > b * 64) {
          score[b] = Math.max(score[b], (float) weight[w]);
        }
      }
    }
    candidates.sort(Comparator.<Integer>comparingDouble(b -> -score[b]).thenComparing(b -> b));
    int free = Math.max(0, c.topk() + c.windowSize() / 64 - chosen.size());
    chosen.addAll(candidates.subList(0, Math.min(free, candidates.size())));
    return chosen.stream().mapToInt(b -> b).toArray();
  }
}
