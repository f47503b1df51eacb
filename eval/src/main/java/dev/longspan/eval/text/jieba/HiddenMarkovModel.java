package dev.longspan.eval.text.jieba;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Tags characters as begin, middle or end of a word or a word by itself, by Viterbi's algorithm.
 *
 * <p>Finds words that the dictionary does not have.
 */
final class HiddenMarkovModel {
  /** Tags, in alphabetical order: of equally probable tags the last wins. */
  private static final String STATES = "BEMS";

  private static final int B = 0;
  private static final int E = 1;
  private static final int M = 2;
  private static final int S = 3;

  /** Stands for ln 0; finite, because sums of it are compared. */
  private static final double IMPOSSIBLE = -3.14e100;

  private static final double[] START = {
    -0.26268660809250016, IMPOSSIBLE, IMPOSSIBLE, -1.4652633398537678
  };
  private static final double[][] TRANSITION = new double[4][4];
  private static final int[][] PREDECESSORS = {{E, S}, {B, M}, {B, M}, {E, S}};

  static {
    TRANSITION[B][E] = -0.51082562376599;
    TRANSITION[B][M] = -0.916290731874155;
    TRANSITION[E][B] = -0.5897149736854513;
    TRANSITION[E][S] = -0.8085250474669937;
    TRANSITION[M][E] = -0.33344856811948514;
    TRANSITION[M][M] = -1.2603623820268226;
    TRANSITION[S][B] = -0.7211965654669841;
    TRANSITION[S][S] = -0.6658631448798212;
  }

  /** How many characters of the training corpus carry each tag. */
  private static final long[] TAGGED = {33_749_694, 33_749_694, 6_980_216, 29_953_599};

  private final TreeMap<String, Long> counts = new TreeMap<>();
  private final Map<Character, double[]> emission = new HashMap<>();

  private HiddenMarkovModel() {}

  /**
   * Reads a table of lines "character, tab, ln probability" under lines that name the state.
   *
   * <p>The probabilities are those of counts in a corpus of known size. Tables in circulation are
   * rounded to twelve digits, which is more than enough to find the counts; from these come the
   * probabilities in full, as jieba has them.
   */
  static HiddenMarkovModel parse(List<String> lines, String source) {
    HiddenMarkovModel model = new HiddenMarkovModel();
    Map<Double, Double> logs = new HashMap<>();
    int state = -1;
    for (String line : lines) {
      if (line.length() == 1) {
        state = STATES.indexOf(line);
      } else if (state >= 0 && line.length() > 2 && line.charAt(1) == '\t') {
        model.add(state, line.charAt(0), Double.parseDouble(line.substring(2)), logs);
      } else {
        throw new IllegalArgumentException(source + ": '" + line + "' is no emission probability");
      }
    }
    return model;
  }

  private void add(int state, char character, double logProbability, Map<Double, Double> logs) {
    long count = Math.round(Math.exp(logProbability) * TAGGED[state]);
    counts.put("" + STATES.charAt(state) + character, count);
    double[] states =
        emission.computeIfAbsent(
            character, c -> new double[] {IMPOSSIBLE, IMPOSSIBLE, IMPOSSIBLE, IMPOSSIBLE});
    states[state] = logs.computeIfAbsent((double) count / TAGGED[state], NaturalLog::of);
  }

  /** Returns the table as text, one state, character and count a line: what the digest is of. */
  String canonical() {
    StringBuilder text = new StringBuilder();
    counts.forEach((key, count) -> text.append(key).append(' ').append(count).append('\n'));
    return text.toString();
  }

  /**
   * Returns ln of the probability that {@code state}, one of B, E, M and S, is {@code character}.
   */
  double emission(char state, char character) {
    return emissions(character)[STATES.indexOf(state)];
  }

  private double[] emissions(char character) {
    double[] known = emission.get(character);
    return known == null ? new double[] {IMPOSSIBLE, IMPOSSIBLE, IMPOSSIBLE, IMPOSSIBLE} : known;
  }

  /** Adds the words of {@code text}, which holds Chinese characters only, to {@code words}. */
  void cut(String text, List<String> words) {
    int[] tags = tags(text);
    int start = 0;
    for (int i = 0; i < tags.length; i++) {
      if (tags[i] == E || tags[i] == S) {
        words.add(text.substring(start, i + 1));
        start = i + 1;
      }
    }
    if (start < tags.length) {
      words.add(text.substring(start));
    }
  }

  private int[] tags(String text) {
    int length = text.length();
    double[][] best = new double[length][4];
    int[][] from = new int[length][4];
    for (int t = 0; t < length; t++) {
      double[] emitted = emissions(text.charAt(t));
      for (int state = 0; state < 4; state++) {
        if (t == 0) {
          best[t][state] = START[state] + emitted[state];
          continue;
        }
        best[t][state] = Double.NEGATIVE_INFINITY;
        for (int before : PREDECESSORS[state]) {
          double p = best[t - 1][before] + TRANSITION[before][state] + emitted[state];
          if (p >= best[t][state]) {
            best[t][state] = p;
            from[t][state] = before;
          }
        }
      }
    }
    int[] tags = new int[length];
    tags[length - 1] = best[length - 1][S] >= best[length - 1][E] ? S : E;
    for (int t = length - 1; t > 0; t--) {
      tags[t - 1] = from[t][tags[t]];
    }
    return tags;
  }
}
