package dev.longspan.datasets.ruler;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The text of one sample in which something is hidden, of any size.
 *
 * @param id name of its source in results
 * @param separator what stands between two pieces
 * @param smallest fewest units that make sense
 * @param pieces returns new lists of the pieces between which something can be hidden, by units
 */
record Hay(String id, String separator, int smallest, IntFunction<List<String>> pieces) {
  private static final int NOISE_LINES = 5;

  /** Opens prose, cut after any word. */
  static Hay essay(Haystack prose, Random random) {
    Essay essay = prose.open(random.nextLong());
    return new Hay(prose.id(), " ", 1, essay::first);
  }

  /** Returns a few of {@code lines} over and over. */
  static Hay noise(List<String> lines, Random random) {
    List<String> all = new ArrayList<>(lines);
    if (all.size() > NOISE_LINES) {
      Collections.shuffle(all, random);
    }
    int cycle = Math.min(all.size(), NOISE_LINES);
    return new Hay(
        "noise",
        "\n",
        1,
        count ->
            IntStream.range(0, count)
                .mapToObj(i -> all.get(i % cycle))
                .collect(Collectors.toCollection(ArrayList::new)));
  }
}
