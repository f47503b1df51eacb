package dev.longspan.eval.stats;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class StatsTest {
  @Test
  void roundsHalfToEvenOnTheExactBinaryValue() {
    assertEquals(2.67, Rounding.halfEven(2.675, 2)); // stored as 2.67499999...
    assertEquals(0.12, Rounding.halfEven(0.125, 2)); // exact tie, to even
    assertEquals(0.38, Rounding.halfEven(0.375, 2)); // exact tie, to even
    assertEquals(33.33, Rounding.halfEven(100 / 3.0, 2));
    assertEquals("0.0", String.valueOf(Rounding.halfEven(-0.001, 2)));
    String message =
        assertThrows(IllegalArgumentException.class, () -> Rounding.halfEven(Double.NaN, 2))
            .getMessage();
    assertEquals("cannot round NaN: it is not a finite number", message);
  }

  @Test
  void standardErrorIsThatOfTheSample() {
    // Deviations -1.5 -0.5 0.5 1.5: variance 5/3, divided by n = 4.
    assertEquals(Math.sqrt(5.0 / 12), Descriptive.standardError(new double[] {1, 2, 3, 4}), 1e-15);
    // A fraction p of ones: p (1 - p) / (n - 1).
    double[] ones = {1, 1, 1, 0, 0};
    assertEquals(Math.sqrt(0.6 * 0.4 / 4), Descriptive.standardError(ones), 1e-15);
    assertTrue(Double.isNaN(Descriptive.standardError(new double[] {1})));
  }

  @Test
  void mediansAndTheirIntervalsAreOrderStatistics() {
    assertEquals(3, Descriptive.median(new double[] {9, 1, 3}));
    assertEquals(2.5, Descriptive.median(new double[] {4, 1, 2, 3}));
    assertTrue(Double.isNaN(Descriptive.median(new double[0])));
    double[] ten = {10, 9, 8, 7, 6, 5, 4, 3, 2, 1};
    // Classic table: for n = 10 the second smallest and second largest, coverage 97.9 %.
    assertEquals(new Interval(2, 9), Descriptive.medianInterval(ten));
    assertEquals(new Interval(1, 6), Descriptive.medianInterval(new double[] {1, 2, 3, 4, 5, 6}));
    assertNull(Descriptive.medianInterval(new double[] {1, 2, 3, 4, 5}), "covers only 93.75 %");
  }

  @Test
  void binomialTailsMatchPascalsTriangle() {
    long[] row = {1};
    for (int n = 1; n <= 40; n++) {
      long[] next = new long[n + 1];
      for (int k = 0; k <= n; k++) {
        next[k] = (k > 0 ? row[k - 1] : 0) + (k < n ? row[k] : 0);
      }
      row = next;
      long sum = 0;
      for (int k = 0; k <= n; k++) {
        sum += row[k];
        assertEquals(sum / Math.pow(2, n), Binomial.fairTail(k, n), 1e-12, k + " of " + n);
      }
    }
    assertEquals(0.5, Binomial.fairTail(2500, 5001), 1e-9, "no underflow for many tosses");
  }

  @Test
  void bootstrapIntervalsCoverLikeTheNormalOnesForManySamples() {
    double[] values = new SplittableRandom(5).doubles(400).map(x -> x < 0.8 ? 1 : 0).toArray();
    Estimate estimate = Estimate.of(values, 42);
    Interval interval = estimate.interval();
    assertEquals(estimate.value() - 1.96 * estimate.stderr(), interval.lo(), 0.005);
    assertEquals(estimate.value() + 1.96 * estimate.stderr(), interval.hi(), 0.005);
    assertEquals(interval, Estimate.of(values, 42).interval(), "same seed, same interval");
    assertNull(Estimate.of(new double[] {1}, 1).interval(), "one sample has no interval");
  }

  @Test
  void bootstrapOfTwoValuesHasTheBinomialDistribution() {
    double[] means = Bootstrap.means(new double[] {0, 1}, 3);
    assertEquals(Bootstrap.RESAMPLES, means.length);
    for (double mean : new double[] {0, 0.5, 1}) {
      double share = Arrays.stream(means).filter(m -> m == mean).count() / (double) means.length;
      assertEquals(mean == 0.5 ? 0.5 : 0.25, share, 0.02, "share of mean " + mean);
    }
    assertThrows(IllegalArgumentException.class, () -> Bootstrap.means(new double[0], 3));
  }

  @Test
  void combinedEstimatesAreStratified() {
    Estimate a = Estimate.of(new double[] {0, 1, 1, 1}, 1);
    Estimate b = Estimate.of(new double[] {0, 0, 1, 0, 0}, 2);
    Estimate mean = Estimate.combine(List.of(a, b), new double[] {1, 2});
    assertEquals((0.75 + 2 * 0.2) / 3, mean.value(), 1e-15);
    assertEquals(Math.hypot(a.stderr(), 2 * b.stderr()) / 3, mean.stderr(), 1e-15);
    assertEquals(9, mean.n());
    assertEquals((a.replicates()[7] + 2 * b.replicates()[7]) / 3, mean.replicates()[7], 1e-15);
    Estimate nothing = Estimate.of(new double[0], 1);
    Estimate partial = Estimate.combine(List.of(a, nothing), new double[] {1, 1});
    assertTrue(Double.isNaN(partial.value()), "a mean of which a part is unknown is unknown");
    assertNull(partial.interval());
  }

  @Test
  void weightedAveragesReproduceThePublishedOnes() {
    // RULER's row of Llama-3.1-8B from 4K to 128K: average 88.3, weighted 85.4 and 91.3.
    List<Estimate> lengths =
        Arrays.stream(new double[] {95.5, 93.8, 91.6, 87.4, 84.7, 77.0})
            .mapToObj(score -> Estimate.of(new double[] {score}, 1))
            .toList();
    double[][] weights = {{1, 1, 1, 1, 1, 1}, {1, 2, 3, 4, 5, 6}, {6, 5, 4, 3, 2, 1}};
    double[] published = {88.3, 85.4, 91.3};
    for (int i = 0; i < weights.length; i++) {
      double average = Estimate.combine(lengths, weights[i]).value();
      assertEquals(published[i], Rounding.halfEven(average, 1));
    }
  }

  @Test
  void differencesAndRatiosResampleBothMethodsTogether() {
    double[] base = {1, 1, 0, 1, 0, 1, 1, 1};
    double[] same = base.clone();
    Estimate first = Estimate.of(base, 9);
    Estimate second = Estimate.of(same, 9);
    assertEquals(new Interval(1, 1), second.ratioInterval(first), "equal answers keep 100 %");
    double[] zero = new double[8];
    Interval none = Estimate.difference(second, first, zero).interval();
    assertEquals(new Interval(0, 0), none);
    assertNull(first.ratioInterval(Estimate.of(zero, 9)), "nothing is a fraction of zero");
  }

  @Test
  void mcNemarIsTheBinomialTailOfTheDiscordantPairs() {
    assertEquals(2 * (1 + 8) / 256.0, PairedTest.mcNemar(7, 1), 1e-15);
    assertEquals(1, PairedTest.mcNemar(4, 4));
    assertEquals(1, PairedTest.mcNemar(0, 0));
    assertEquals(2 / 64.0, PairedTest.smallestP(6), 1e-15);
    PairedTest test = PairedTest.of(new double[] {1, 1, 0, 1, -1, 1, 1, 0, 1, 1}, 1);
    assertEquals("mcnemar-exact", test.name());
    assertEquals(2 * (1 + 8) / 256.0, test.p(), 1e-15);
  }

  @Test
  void signFlipsMatchFullEnumeration() {
    SplittableRandom random = new SplittableRandom(11);
    for (int n = 2; n <= 12; n++) {
      double[] d = random.doubles(n, -0.4, 1).map(x -> Math.round(x * 8) / 8.0).toArray();
      d[0] = 0.25; // two sizes at least, so that it is no sign test
      d[1] = 1;
      double observed = Math.abs(Arrays.stream(d).sum());
      int reached = 0;
      for (int mask = 0; mask < 1 << n; mask++) {
        int m = mask;
        double sum = IntStream.range(0, n).mapToDouble(i -> (m >> i & 1) == 0 ? d[i] : -d[i]).sum();
        reached += Math.abs(sum) >= observed ? 1 : 0; // eighths add up without rounding
      }
      PairedTest test = PairedTest.of(d, 1);
      assertEquals("sign-flip-exact", test.name());
      assertEquals(reached / (double) (1 << n), test.p(), 1e-15, Arrays.toString(d));
    }
  }

  @Test
  void thirdsThatCancelCountAsEqualWhateverTheOrderOfAddition() {
    // 1/3 + 1/3 + 1/3 - 1 is 0 in exact numbers: every flip reaches it.
    assertEquals(1, PairedTest.of(new double[] {1 / 3.0, 1 / 3.0, 1 / 3.0, -1}, 1).p());
  }

  @Test
  void randomFlipsApproachTheExactTest() {
    double[] few = new double[20];
    double[] many = new double[21];
    SplittableRandom random = new SplittableRandom(2);
    for (int i = 0; i < 20; i++) {
      few[i] = many[i] = random.nextDouble(-0.5, 1);
    }
    many[20] = 1e-7; // pushes the test over to random flips and changes the sum by nothing
    PairedTest exact = PairedTest.of(few, 1);
    PairedTest drawn = PairedTest.of(many, 1);
    assertEquals("sign-flip-exact", exact.name());
    assertEquals("sign-flip-monte-carlo", drawn.name());
    assertEquals(exact.p(), drawn.p(), 4 * Math.sqrt(exact.p() / 20_000));
    double[] clear = IntStream.range(1, 200).mapToDouble(i -> i).toArray();
    assertEquals(1 / 20_000.0, PairedTest.of(clear, 1).p(), "never 0");
  }

  @Test
  void holmStepsDown() {
    // Textbook case: 4 * 0.01, then max(., 3 * 0.02), then 2 * 0.03 kept at 0.06, then 0.06.
    double[] adjusted = Holm.adjust(new double[] {0.03, 0.01, 0.05, 0.02});
    assertArrayEquals(new double[] {0.06, 0.04, 0.06, 0.06}, adjusted, 1e-15);
    assertArrayEquals(new double[] {1, 1}, Holm.adjust(new double[] {0.9, 0.8}));
    assertEquals(0, Holm.adjust(new double[0]).length);
  }

  @Test
  void intervalsInJsonAreTwoNumbers() {
    assertEquals(new Interval(1, 2), Interval.of(List.of(1.0, 2.0)));
    String message =
        assertThrows(IllegalArgumentException.class, () -> Interval.of(List.of(1.0))).getMessage();
    assertEquals("an interval is an array of two numbers, [lo, hi], but found [1.0]", message);
  }
}
