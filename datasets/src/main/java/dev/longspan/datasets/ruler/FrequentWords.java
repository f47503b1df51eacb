package dev.longspan.datasets.ruler;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/**
 * The task {@code fwe}: random words whose frequencies fall as a power of their rank; the first
 * rank is noise, the next three are the answer.
 */
final class FrequentWords implements Task {
  private static final String NOISE = "...";
  private static final int LETTERS = 6;
  private static final int ANSWERS = 3;

  /** One word of the vocabulary for so many tokens of the prompt. */
  private static final int TOKENS_PER_WORD = 50;

  private final String name;
  private final Wording wording;
  private final double alpha;
  private final double zeta;

  FrequentWords(String name, Wording wording) {
    this.name = name;
    this.wording = wording;
    alpha = wording.arguments(name).decimal("alpha", 1.01);
    zeta = zeta(alpha);
  }

  @Override
  public List<Draft> drafts(long seed, int length, int index) {
    return List.of(new Coded(new Random(Draws.seed(seed, name, length, index)), length));
  }

  /** Riemann's zeta function, by summation and the integral of the rest. */
  private static double zeta(double alpha) {
    int terms = 10_000;
    double sum = 0;
    for (int k = 1; k <= terms; k++) {
      sum += Math.pow(k, -alpha);
    }
    return sum + Math.pow(terms + 0.5, 1 - alpha) / (alpha - 1);
  }

  /** A coded text; its units are the words that it would hold with an endless vocabulary. */
  private final class Coded implements Draft {
    private final List<String> vocabulary = new ArrayList<>(List.of(NOISE));
    private final long order;

    Coded(Random random, int length) {
      Set<String> taken = new HashSet<>();
      int size = (length - wording.newTokens(name)) / TOKENS_PER_WORD;
      while (vocabulary.size() < Math.max(ANSWERS + 2, size)) {
        vocabulary.add(Draws.distinct(() -> Draws.letters(LETTERS, 'a', random), taken));
      }
      order = random.nextLong();
    }

    /** Returns from which size on the last rank of the answer always beats the next one. */
    @Override
    public int smallest() {
      double lead = Math.pow(ANSWERS + 1, -alpha) - Math.pow(ANSWERS + 2, -alpha);
      return (int) Math.ceil(zeta / lead);
    }

    @Override
    public Prompt at(int size) {
      List<String> words = new ArrayList<>();
      for (int rank = 1; rank <= vocabulary.size(); rank++) {
        int times = (int) (size * Math.pow(rank, -alpha) / zeta);
        words.addAll(Collections.nCopies(times, vocabulary.get(rank - 1)));
      }
      Collections.shuffle(words, new Random(order));
      Map<String, String> slots = Map.of("context", String.join(" ", words), "query", "");
      return new Prompt(
          Wording.fill(wording.template(name), slots),
          Wording.fill(wording.answerPrefix(name), slots),
          vocabulary.subList(1, 1 + ANSWERS),
          Map.of("haystack", "random words"));
    }
  }
}
