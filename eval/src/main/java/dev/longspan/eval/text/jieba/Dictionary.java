package dev.longspan.eval.text.jieba;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Words with the logarithm of their frequency, sorted so that all words with a common prefix are
 * neighbours.
 */
final class Dictionary {
  private final String[] words;
  private final double[] logFrequency;
  private final double logTotal;

  private Dictionary(TreeMap<String, Long> frequencies, long total) {
    words = frequencies.keySet().toArray(String[]::new);
    logFrequency = new double[words.length];
    Map<Long, Double> logs = new HashMap<>();
    int i = 0;
    for (long frequency : frequencies.values()) {
      // A word of frequency 0 is in the list to be forbidden: it is a prefix and nothing else.
      logFrequency[i++] =
          frequency == 0
              ? Double.NEGATIVE_INFINITY
              : logs.computeIfAbsent(frequency, NaturalLog::of);
    }
    logTotal = NaturalLog.of(total);
  }

  /**
   * Reads lines of a word, a blank, its frequency and, optionally, another blank and a tag.
   *
   * @throws IllegalArgumentException if a line is otherwise; the message names {@code source}
   */
  static Dictionary parse(List<String> lines, String source) {
    TreeMap<String, Long> frequencies = new TreeMap<>();
    long total = 0;
    for (int i = 0; i < lines.size(); i++) {
      String[] fields = lines.get(i).strip().split(" ", 3);
      long frequency = fields.length < 2 ? -1 : frequency(fields[1]);
      if (frequency < 0) {
        throw new IllegalArgumentException(
            source
                + " line "
                + (i + 1)
                + ": '"
                + lines.get(i)
                + "' is not 'word frequency [tag]'; give the dict.txt of jieba or a file like it");
      }
      frequencies.put(fields[0], frequency);
      total += frequency;
    }
    if (total == 0) {
      throw new IllegalArgumentException(source + " holds no words; give the dict.txt of jieba");
    }
    return new Dictionary(frequencies, total);
  }

  private static long frequency(String field) {
    try {
      return Long.parseLong(field);
    } catch (NumberFormatException e) {
      return -1;
    }
  }

  /** Returns ln of the probability of a character that no word begins and ends with. */
  double logOfUnknown() {
    return -logTotal;
  }

  /** Returns whether {@code word} is in the dictionary and not forbidden. */
  boolean contains(String word) {
    int at = Arrays.binarySearch(words, word);
    return at >= 0 && logFrequency[at] != Double.NEGATIVE_INFINITY;
  }

  /** Calls {@code sink} with the end and the ln probability of each word that starts at start. */
  void wordsAt(String text, int start, WordSink sink) {
    int low = 0;
    int high = words.length;
    for (int depth = 0; start + depth < text.length(); depth++) {
      char c = text.charAt(start + depth);
      low = firstAtLeast(low, high, depth, c);
      high = firstAtLeast(low, high, depth, c + 1);
      if (low == high) {
        return;
      }
      // The shortest of the words with this prefix sorts first, and is the prefix if that is one.
      if (words[low].length() == depth + 1 && logFrequency[low] != Double.NEGATIVE_INFINITY) {
        sink.accept(start + depth + 1, logFrequency[low] - logTotal);
      }
    }
  }

  /** Receives a word found in a text. */
  interface WordSink {
    void accept(int end, double logProbability);
  }

  private int firstAtLeast(int from, int to, int depth, int c) {
    int low = from;
    int high = to;
    while (low < high) {
      int middle = (low + high) >>> 1;
      String word = words[middle];
      if (word.length() > depth && word.charAt(depth) >= c) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }
}
