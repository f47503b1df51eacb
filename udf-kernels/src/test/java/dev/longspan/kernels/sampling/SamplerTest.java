package dev.longspan.kernels.sampling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SamplerTest {
  private static final int DRAWS = 4_000;

  @Test
  void greedyTakesTheBestAndOfEqualOnesTheLower() {
    float[] logits = {99, 1, 3, -5, 3, 2, 99};
    Sampler sampler = new Sampler(5);
    assertEquals(1, sampler.next(logits, 1, Filters.GREEDY, null, 0.7));
    assertEquals(0, sampler.next(new float[] {7, 7, 7, 7, 7}, 0, Filters.GREEDY, null, 0));
    float inf = Float.NEGATIVE_INFINITY;
    assertEquals(3, sampler.next(new float[] {inf, inf, inf, -9, inf}, 0, Filters.GREEDY, null, 0));
  }

  @Test
  void refusesLogitsThatAreNoNumbers() {
    float inf = Float.POSITIVE_INFINITY;
    for (Filters filters : List.of(Filters.GREEDY, filters(1, 2, 0.9, 0, 1.2))) {
      Sampler sampler = new Sampler(3);
      BitSet seen = new BitSet();
      for (float[] bad :
          new float[][] {{1, Float.NaN, 2}, {5, 4, Float.NaN}, {0, inf, 1}, {-inf, -inf, -inf}}) {
        assertEquals(Sampler.NOT_FINITE, sampler.next(bad, 0, filters, seen, 0.5));
      }
    }
  }

  @Test
  void penaltyPushesSeenTokensDownWhateverTheirSign() {
    Sampler sampler = new Sampler(4);
    BitSet seen = new BitSet();
    seen.set(0);
    float[] positive = {3, 2, 1, 0};
    assertEquals(1, sampler.next(positive, 0, filters(0, 0, 1, 0, 2), seen, 0));
    assertEquals(0, sampler.next(positive, 0, filters(0, 0, 1, 0, 1.4), seen, 0));
    float[] negative = {-1, -1.5f, -3, -3};
    assertEquals(1, sampler.next(negative, 0, filters(0, 0, 1, 0, 2), seen, 0));
    assertArrayEquals(new float[] {3, 2, 1, 0}, positive, "the model's logits stay as they are");
  }

  @Test
  void drawsFromTheDistributionThatEachCombinationOfFiltersLeaves() {
    Random random = new Random(5);
    double[] temperatures = {0.3, 1, 2.5};
    int[] topKs = {0, 1, 3, 17, 40, 1000};
    double[] topPs = {1, 0.95, 0.5, 1e-9};
    double[] minPs = {0, 0.05, 0.4, 1};
    for (int round = 0; round < 250; round++) {
      int vocab = 1 + random.nextInt(60);
      float[] logits = new float[vocab];
      for (int i = 0; i < vocab; i++) {
        // Coarse values, so that equal logits are common.
        logits[i] = random.nextInt(12) / 2f - 3;
      }
      Filters filters =
          filters(
              temperatures[random.nextInt(3)],
              topKs[random.nextInt(6)],
              topPs[random.nextInt(4)],
              minPs[random.nextInt(4)],
              random.nextBoolean() ? 1 : 1.3);
      BitSet seen = new BitSet();
      for (int i = 0; i < vocab; i += 3) {
        seen.set(i);
      }
      double[] expected = bruteForce(logits, filters, seen);
      double[] drawn = new double[vocab];
      Sampler sampler = new Sampler(vocab);
      // Evenly spaced numbers in place of random ones: shares are exact to one part in DRAWS.
      for (int i = 0; i < DRAWS; i++) {
        int token = sampler.next(logits, 0, filters, seen, (i + 0.5) / DRAWS);
        drawn[token] += 1.0 / DRAWS;
      }
      assertArrayEquals(expected, drawn, 1.01 / DRAWS, filters + " of " + vocab);
    }
  }

  @Test
  void neverDrawsWhatHasNoProbability() {
    float[] logits = {Float.NEGATIVE_INFINITY, 0, Float.NEGATIVE_INFINITY, 0, -1e30f};
    Sampler sampler = new Sampler(5);
    Filters filters = filters(1, 0, 1, 0, 1);
    assertEquals(1, sampler.next(logits, 0, filters, null, 0));
    assertEquals(3, sampler.next(logits, 0, filters, null, 0.5));
    assertEquals(3, sampler.next(logits, 0, filters, null, Math.nextDown(1.0)));
  }

  @Test
  void aTinyTemperatureIsGreedyAndAHugeOneUniform() {
    float[] logits = {300, -300, 299.9f, 0};
    Sampler sampler = new Sampler(4);
    for (double u : new double[] {0, 0.5, 0.999}) {
      assertEquals(0, sampler.next(logits, 0, filters(Double.MIN_VALUE, 0, 1, 0, 1), null, u));
      assertEquals((int) (4 * u), sampler.next(logits, 0, filters(1e300, 0, 1, 0, 1), null, u));
    }
  }

  /** The documented steps on a sorted list of all tokens. */
  private static double[] bruteForce(float[] logits, Filters s, BitSet seen) {
    double[] adjusted = new double[logits.length];
    for (int i = 0; i < logits.length; i++) {
      double v = logits[i];
      double penalty = seen.get(i) ? s.repetitionPenalty() : 1;
      adjusted[i] = (float) (v > 0 ? v / penalty : v * penalty) / s.temperature();
    }
    List<Integer> ids = new ArrayList<>();
    for (int i = 0; i < logits.length; i++) {
      ids.add(i);
    }
    ids.sort(Comparator.comparingDouble((Integer i) -> -adjusted[i]).thenComparing(i -> i));
    if (s.topK() > 0 && s.topK() < ids.size()) {
      ids = ids.subList(0, s.topK());
    }
    double best = adjusted[ids.get(0)];
    double total = ids.stream().mapToDouble(i -> Math.exp(adjusted[i] - best)).sum();
    List<Integer> kept = new ArrayList<>();
    double sum = 0;
    for (int id : ids) {
      double p = Math.exp(adjusted[id] - best);
      if (sum / total >= s.topP() && !kept.isEmpty() || p < s.minP()) {
        break;
      }
      kept.add(id);
      sum += p;
    }
    double[] share = new double[logits.length];
    for (int id : kept) {
      share[id] = Math.exp(adjusted[id] - best) / sum;
    }
    return share;
  }

  private static Filters filters(
      double temperature, int topK, double topP, double minP, double penalty) {
    return new Filters(temperature, topK, topP, minP, penalty);
  }
}
