package dev.longspan.kernels.sampling;

import java.util.BitSet;

/**
 * Chooses a token from logits.
 *
 * <p>The steps and their order are those of the Transformers library: repetition penalty on the
 * logits, division by the temperature, the best {@code topK}, of these the smallest set of the most
 * probable that holds at least {@code topP} of their probability, of these all that are at least
 * {@code minP} times as probable as the best; one of the remaining is drawn by its probability. At
 * least one token always remains. Equal logits rank by token id, lower first. Temperature 0 takes
 * the best token after the penalty.
 *
 * <p>Probabilities are in double precision, relative to the best. The scratch arrays are as long as
 * the vocabulary and reused. Not thread safe.
 */
public final class Sampler {
  /** What {@link #next} returns where the logits are not numbers to choose by. */
  public static final int NOT_FINITE = -1;

  private final int vocab;
  private final float[] adjusted;
  private final double[] mass;
  private final Ranking ranking;

  /** Creates a sampler for logits of {@code vocab} tokens. */
  public Sampler(int vocab) {
    this.vocab = vocab;
    adjusted = new float[vocab];
    mass = new double[vocab];
    ranking = new Ranking(vocab);
  }

  /**
   * Returns the chosen token, or {@link #NOT_FINITE} if a logit is NaN or positive infinity or all
   * are negative infinity.
   *
   * @param logits of the whole vocabulary from {@code offset}; left as they are
   * @param seen tokens of the prompt and the answer so far; may be null without repetition penalty
   * @param uniform a random number in [0, 1)
   */
  public int next(float[] logits, int offset, Filters filters, BitSet seen, double uniform) {
    boolean greedy = filters.temperature() == 0;
    boolean penalty = filters.repetitionPenalty() != 1;
    if (greedy && !penalty) {
      return best(logits, offset);
    }
    System.arraycopy(logits, offset, adjusted, 0, vocab);
    if (penalty) {
      penalise(seen, filters.repetitionPenalty());
    }
    int best = best(adjusted, 0);
    return greedy || best == NOT_FINITE ? best : draw(adjusted[best], filters, uniform);
  }

  private int best(float[] logits, int offset) {
    int best = NOT_FINITE;
    float top = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < vocab; i++) {
      float v = logits[offset + i];
      // The inverted comparison is true for NaN too.
      if (!(v <= top)) {
        if (!(v < Float.POSITIVE_INFINITY)) {
          return NOT_FINITE;
        }
        top = v;
        best = i;
      }
    }
    return best;
  }

  private void penalise(BitSet seen, double penalty) {
    for (int id = seen.nextSetBit(0); id >= 0; id = seen.nextSetBit(id + 1)) {
      float v = adjusted[id];
      adjusted[id] = (float) (v > 0 ? v / penalty : v * penalty);
    }
  }

  private int draw(float top, Filters filters, double uniform) {
    double temperature = filters.temperature();
    boolean all = filters.topK() == 0 || filters.topK() >= vocab;
    double total = 0;
    if (all) {
      for (int i = 0; i < vocab; i++) {
        mass[i] = probability(adjusted[i], top, temperature);
        total += mass[i];
      }
      if (filters.topP() == 1 && filters.minP() == 0) {
        return pick(vocab, total, uniform);
      }
    }
    ranking.reset(adjusted);
    int candidates = all ? vocab : filters.topK();
    if (!all) {
      for (int rank = 0; rank < candidates; rank++) {
        total += probability(adjusted[ranking.id(rank)], top, temperature);
      }
    }
    // Without top-p nothing may be lost to the rounding of a sum.
    double enough = filters.topP() == 1 ? Double.POSITIVE_INFINITY : filters.topP() * total;
    double kept = 0;
    int count = 0;
    while (count < candidates && kept < enough) {
      double p = probability(adjusted[ranking.id(count)], top, temperature);
      if (p < filters.minP()) {
        break;
      }
      mass[count++] = p;
      kept += p;
    }
    return ranking.id(pick(count, kept, uniform));
  }

  private static double probability(float logit, float top, double temperature) {
    return Math.exp(((double) logit - top) / temperature);
  }

  /** Returns the index at which the running sum of {@code mass} passes {@code uniform * total}. */
  private int pick(int count, double total, double uniform) {
    double target = uniform * total;
    double sum = 0;
    int last = 0;
    for (int i = 0; i < count; i++) {
      if (mass[i] > 0) {
        sum += mass[i];
        last = i;
        if (sum > target) {
          break;
        }
      }
    }
    return last;
  }
}
