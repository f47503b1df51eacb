package dev.longspan.datasets.ruler;

import dev.longspan.datasets.prose.Words;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;

/** Random keys and values of needles, and the seeds that decide them. */
final class Draws {
  private static final List<String> ADJECTIVES = Words.list("adjectives");
  private static final List<String> NOUNS = Words.list("nouns");

  /** So many pairs in a row that are taken, and another adjective joins them. */
  private static final int TRIES = 50;

  private Draws() {}

  /** Mixes the parts of a sample's name into a seed, equal for equal parts only by chance. */
  static long seed(long seed, String task, int... parts) {
    long mixed = mix(seed ^ 0x9E3779B97F4A7C15L);
    for (int i = 0; i < task.length(); i++) {
      mixed = mix(mixed + task.charAt(i));
    }
    for (int part : parts) {
      mixed = mix(mixed + 0x9E3779B97F4A7C15L * (part + 1L));
    }
    return mixed;
  }

  /** Finalizer of MurmurHash3 in the variant of Stafford, as in {@code SplittableRandom}. */
  private static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  /**
   * Returns a key or value of {@code type} that {@code taken} lacks, and adds it there.
   *
   * @param type {@code words}, {@code numbers} or {@code uuids}
   */
  static String fresh(String type, Random random, Set<String> taken) {
    return switch (type) {
      case "words" -> words(random, taken);
      case "numbers" -> distinct(() -> digits(7, random), taken);
      case "uuids" -> distinct(() -> uuid(random), taken);
      default -> throw new IllegalArgumentException("Not a type of needle: " + type);
    };
  }

  /** Returns a number of {@code count} digits, the first of them not 0. */
  static String digits(int count, Random random) {
    int least = (int) Math.pow(10, count - 1);
    return String.valueOf(least + random.nextInt(9 * least));
  }

  /** Returns {@code count} letters from {@code first} on, of an alphabet of 26. */
  static String letters(int count, char first, Random random) {
    StringBuilder word = new StringBuilder();
    for (int i = 0; i < count; i++) {
      word.append((char) (first + random.nextInt(26)));
    }
    return word.toString();
  }

  /** Returns the first draw that {@code taken} lacks, and adds it there. */
  static String distinct(Supplier<String> draw, Set<String> taken) {
    String value = draw.get();
    while (!taken.add(value)) {
      value = draw.get();
    }
    return value;
  }

  private static String words(Random random, Set<String> taken) {
    StringBuilder prefix = new StringBuilder();
    for (int tries = 1; ; tries++) {
      String words = prefix + Words.pick(ADJECTIVES, random) + "-" + Words.pick(NOUNS, random);
      if (taken.add(words)) {
        return words;
      }
      if (tries % TRIES == 0) {
        prefix.append(Words.pick(ADJECTIVES, random)).append('-');
      }
    }
  }

  private static String uuid(Random random) {
    long high = random.nextLong() & ~0xF000L | 0x4000L;
    long low = random.nextLong() & ~(3L << 62) | 1L << 63;
    return new UUID(high, low).toString();
  }
}
