package dev.longspan.eval.score;

import dev.longspan.datasets.Sample;
import dev.longspan.datasets.ruler.Ruler;
import dev.longspan.eval.SampleSummary;
import dev.longspan.eval.text.PyStrings;
import java.util.List;
import java.util.OptionalDouble;

/**
 * RULER's scoring (Hsieh et al. 2024), to the letter of its reference scorer: references count
 * wherever they occur in the answer, without regard to case or word boundaries, so "12" is found in
 * "3123".
 */
final class RulerScorer implements SuiteScorer {
  private static final String MATCH_ALL = "string_match_all";
  private static final String MATCH_PART = "string_match_part";

  @Override
  public String suite() {
    return Ruler.SUITE;
  }

  @Override
  public String version() {
    return "1";
  }

  @Override
  public String oracle(Sample sample) {
    return String.join(" ", sample.references());
  }

  @Override
  public List<String> tasks() {
    return Ruler.TASKS;
  }

  @Override
  public String metric(String task) {
    return Ruler.metric(task).equals("part") ? MATCH_PART : MATCH_ALL;
  }

  /** Strips, turns every control character below U+0020 into a newline, and strips again. */
  @Override
  public String clean(String text) {
    StringBuilder out = new StringBuilder(PyStrings.strip(text));
    for (int i = 0; i < out.length(); i++) {
      if (out.charAt(i) < ' ') {
        out.setCharAt(i, '\n');
      }
    }
    return PyStrings.strip(out.toString());
  }

  /**
   * Returns the fraction of references found in the answer ({@code string_match_all}), or 1 if any
   * of them is ({@code string_match_part}).
   */
  @Override
  public double value(SampleSummary sample, String answer) {
    List<String> references = sample.references();
    String lower = PyStrings.lower(answer);
    long found = references.stream().filter(r -> lower.contains(PyStrings.lower(r))).count();
    if (metric(sample.task()).equals(MATCH_PART)) {
      return found > 0 ? 1 : 0;
    }
    return found / (double) references.size();
  }

  /** The score of Llama-2-7B-chat at 4,096 tokens, which RULER takes as the mark to beat. */
  @Override
  public OptionalDouble effectiveThreshold() {
    return OptionalDouble.of(85.6);
  }
}
