package dev.longspan.eval.score.longbench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.longspan.datasets.Sample;
import dev.longspan.datasets.longbench.LongBench;
import dev.longspan.datasets.longbench.LongBenchTask;
import dev.longspan.eval.SampleSummary;
import dev.longspan.eval.score.ScoredSuite;
import dev.longspan.eval.score.SuiteScorer;
import dev.longspan.eval.text.FuzzyRatio;
import dev.longspan.eval.text.PyStrings;
import dev.longspan.eval.text.Thinking;
import dev.longspan.eval.text.jieba.Jieba;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * LongBench's scoring (Bai et al. 2024): each set by its own measure, the best over the references.
 *
 * <p>Two of the measures depend on software that the official scorer finds or does not find, so
 * their names say what was used: {@code code_sim[difflib]}, {@code rouge_zh[jieba:...]} with the
 * digest of the dictionary. Sets of LongBench-E, whose names end in {@code _e}, are scored by range
 * of length too.
 */
public final class LongBenchScorer implements SuiteScorer {
  /** Key of a sample's info: all classes of a classification set, as a JSON array. */
  static final String ALL_CLASSES = "all_classes";

  private static final String EXTENDED = "_e";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final LongBenchMetrics metrics;

  /**
   * Returns a scorer.
   *
   * @param fuzzy what compares lines of code
   * @param segmenter what finds the words of Chinese text; asked for when the first such text comes
   */
  public LongBenchScorer(FuzzyRatio fuzzy, Supplier<Jieba> segmenter) {
    metrics = new LongBenchMetrics(fuzzy, segmenter);
  }

  @Override
  public String suite() {
    return LongBench.SUITE;
  }

  @Override
  public String version() {
    return "1";
  }

  @Override
  public List<String> tasks() {
    return LongBench.sets();
  }

  @Override
  public Map<String, String> settings(List<String> tasks) {
    return metrics.settings(tasks.stream().map(set -> task(set).metric()).toList());
  }

  @Override
  public String oracle(Sample sample) {
    return sample.references().get(0);
  }

  @Override
  public String metric(String task) {
    return metrics.name(task(task).metric());
  }

  /** Returns whether {@code set} is a set of LongBench or LongBench-E. */
  static boolean knows(String set) {
    return LongBenchTask.find(bare(set))
        .filter(task -> task.buckets() || !set.endsWith(EXTENDED))
        .isPresent();
  }

  private static LongBenchTask task(String set) {
    return LongBenchTask.of(bare(set));
  }

  private static String bare(String set) {
    return set.endsWith(EXTENDED) ? set.substring(0, set.length() - EXTENDED.length()) : set;
  }

  /** Drops what a reasoning model thought aloud, for which the official scorer has no rule. */
  @Override
  public String clean(String text) {
    return Thinking.answer(text);
  }

  @Override
  public double value(SampleSummary sample, String answer) {
    LongBenchTask task = task(sample.task());
    String scored = task.firstLine() ? firstLine(answer) : answer;
    double best = 0;
    try {
      List<String> classes = classes(sample);
      for (String reference : sample.references()) {
        best = Math.max(best, metrics.value(task.metric(), scored, reference, classes));
      }
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "LongBench sample " + sample.task() + "/" + sample.id() + ": " + e.getMessage(), e);
    }
    return best;
  }

  @Override
  public List<Figure> figures(ScoredSuite suite, String method, long seed) {
    return LongBenchFigures.of(suite, method, seed);
  }

  private static String firstLine(String text) {
    return PyStrings.split(PyStrings.stripLeadingNewlines(text), "\n").get(0);
  }

  private static List<String> classes(SampleSummary sample) {
    String classes = sample.info().get(ALL_CLASSES);
    if (classes == null) {
      return List.of();
    }
    try {
      return List.of(JSON.readValue(classes, String[].class));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(
          "info '" + ALL_CLASSES + "' is not a JSON array of strings: " + classes, e);
    }
  }
}
