package dev.longspan.eval.stats;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * A two-sided test whether paired differences are centred on zero.
 *
 * <p>Under the null hypothesis each difference is as likely to have either sign. Where all non-zero
 * differences have one size, as those of 0/1 scores do, that is McNemar's exact test on the
 * discordant pairs (a binomial tail). Otherwise the signs are flipped: all 2^k ways for up to 20
 * non-zero differences, random ones beyond that, counting the observed one among them (Phipson and
 * Smyth 2010), so that p is never 0.
 *
 * @param p probability of a sum at least as far from zero as the observed one
 * @param name {@code mcnemar-exact}, {@code sign-flip-exact} or {@code sign-flip-monte-carlo}
 */
public record PairedTest(double p, String name) {
  private static final int EXACT = 20;
  private static final int FLIPS = 19_999;

  /** Returns the test of {@code differences}; {@code seed} matters only where flips are drawn. */
  public static PairedTest of(double[] differences, long seed) {
    double[] sizes = Arrays.stream(differences).filter(d -> d != 0).map(Math::abs).toArray();
    double largest = Arrays.stream(sizes).max().orElse(0);
    double smallest = Arrays.stream(sizes).min().orElse(0);
    if (largest - smallest <= 1e-12 * largest) {
      int gains = (int) Arrays.stream(differences).filter(d -> d > 0).count();
      return new PairedTest(mcNemar(gains, sizes.length - gains), "mcnemar-exact");
    }
    // Sums of the same numbers in another order differ in the last bits; they count as equal.
    double observed =
        Math.abs(Descriptive.sum(differences)) - 1e-9 * largest * Math.max(1, sizes.length);
    if (sizes.length <= EXACT) {
      double reached = reached(sizes, 0, 0, observed);
      return new PairedTest(reached / (1L << sizes.length), "sign-flip-exact");
    }
    return new PairedTest(randomFlips(sizes, observed, seed), "sign-flip-monte-carlo");
  }

  /**
   * Returns the exact two-sided p of McNemar's test.
   *
   * @param gains pairs that only the first got right
   * @param losses pairs that only the second got right
   */
  static double mcNemar(int gains, int losses) {
    return Math.min(1, 2 * Binomial.fairTail(Math.min(gains, losses), gains + losses));
  }

  /**
   * Returns the smallest p that {@code pairs} pairs can give at all, which they give when every one
   * of them differs in the same direction.
   */
  public static double smallestP(int pairs) {
    return mcNemar(pairs, 0);
  }

  private static long reached(double[] sizes, int from, double sum, double observed) {
    if (from == sizes.length) {
      return Math.abs(sum) >= observed ? 1 : 0;
    }
    return reached(sizes, from + 1, sum + sizes[from], observed)
        + reached(sizes, from + 1, sum - sizes[from], observed);
  }

  private static double randomFlips(double[] sizes, double observed, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int reached = 1;
    for (int flip = 0; flip < FLIPS; flip++) {
      double sum = 0;
      long signs = 0;
      for (int i = 0; i < sizes.length; i++) {
        signs = (i & 63) == 0 ? random.nextLong() : signs >>> 1;
        sum += (signs & 1) == 0 ? sizes[i] : -sizes[i];
      }
      if (Math.abs(sum) >= observed) {
        reached++;
      }
    }
    return reached / (FLIPS + 1.0);
  }
}
