package dev.longspan.eval.score;

import dev.longspan.eval.code.CodeGrades;
import dev.longspan.eval.score.aime.AimeGrader;
import dev.longspan.eval.score.aime.AimeScorer;
import dev.longspan.eval.score.livecodebench.LiveCodeBenchScorer;
import dev.longspan.eval.score.longbench.LongBenchScorer;
import dev.longspan.eval.score.longbench.LongBenchV2Scorer;
import dev.longspan.eval.score.longppl.LongPplScorer;
import dev.longspan.eval.text.FuzzyRatio;
import dev.longspan.eval.text.jieba.Jieba;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * The scorers of all suites, in the variants that were chosen.
 *
 * <p>Where official scorers disagree about a suite, an option says which of them to follow; the
 * names of the metrics show it.
 */
public final class SuiteScorers {
  /** Option: what compares lines of code, {@code difflib} (as published) or {@code levenshtein}. */
  public static final String LONGBENCH_FUZZY = "longbench.fuzzy";

  /** Option: a file in the layout of jieba's dict.txt, instead of that of jieba 0.42.1. */
  public static final String LONGBENCH_DICTIONARY = "longbench.dictionary";

  /** Option: who grades AIME, {@code strict} or {@code lm-eval}. */
  public static final String AIME_GRADER = "aime.grader";

  private static final List<String> OPTIONS =
      List.of(LONGBENCH_FUZZY, LONGBENCH_DICTIONARY, AIME_GRADER);

  private final List<SuiteScorer> scorers;

  private SuiteScorers(List<SuiteScorer> scorers) {
    this.scorers = scorers;
  }

  /** Returns the scorers whose results are usually published. */
  public static SuiteScorers standard() {
    return of(Map.of(), CodeGrades.NONE);
  }

  /**
   * Returns the scorers that {@code options} choose.
   *
   * @param grades the verdicts that LiveCodeBench is scored from
   * @throws IllegalArgumentException if there is no such option, or no such value of it
   */
  public static SuiteScorers of(Map<String, String> options, CodeGrades grades) {
    for (String option : options.keySet()) {
      if (!OPTIONS.contains(option)) {
        throw new IllegalArgumentException(
            "there is no scorer option '" + option + "'; options: " + String.join(", ", OPTIONS));
      }
    }
    FuzzyRatio fuzzy = FuzzyRatio.parse(options.getOrDefault(LONGBENCH_FUZZY, "difflib"));
    AimeGrader grader = AimeGrader.parse(options.getOrDefault(AIME_GRADER, "strict"));
    return new SuiteScorers(
        List.of(
            new RulerScorer(),
            new LongBenchScorer(fuzzy, segmenter(options.get(LONGBENCH_DICTIONARY))),
            new LongBenchV2Scorer(),
            new LongPplScorer(),
            new AimeScorer(grader),
            new LiveCodeBenchScorer(grades)));
  }

  /** The standard tables take a second to load: only when there is Chinese text. */
  private static Supplier<Jieba> segmenter(String dictionary) {
    if (dictionary == null) {
      return Jieba::standard;
    }
    try {
      Jieba jieba = Jieba.of(Path.of(dictionary));
      return () -> jieba;
    } catch (IOException e) {
      throw new IllegalArgumentException(
          LONGBENCH_DICTIONARY + ": cannot read '" + dictionary + "': " + e, e);
    }
  }

  /**
   * Returns the scorer of {@code suite}.
   *
   * @throws IllegalArgumentException if there is none; the message lists those there are
   */
  public SuiteScorer of(String suite) {
    return scorers.stream()
        .filter(scorer -> scorer.suite().equals(suite))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "there is no scorer for the suite '"
                        + suite
                        + "'; known suites: "
                        + scorers.stream()
                            .map(SuiteScorer::suite)
                            .collect(Collectors.joining(", "))));
  }
}
