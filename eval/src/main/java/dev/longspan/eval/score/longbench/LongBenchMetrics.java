package dev.longspan.eval.score.longbench;

import dev.longspan.datasets.longbench.LongBenchMetric;
import dev.longspan.eval.text.FuzzyRatio;
import dev.longspan.eval.text.PyStrings;
import dev.longspan.eval.text.RougeL;
import dev.longspan.eval.text.TokenF1;
import dev.longspan.eval.text.jieba.Jieba;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The measures of LongBench, each of one answer against one reference, from 0 to 1.
 *
 * @param fuzzy what compares lines of code
 * @param segmenter what finds the words of Chinese text; asked for when the first such text comes
 */
record LongBenchMetrics(FuzzyRatio fuzzy, Supplier<Jieba> segmenter) {
  private static final Pattern PARAGRAPH_EN = Pattern.compile("Paragraph (\\p{Nd}+)");
  private static final Pattern PARAGRAPH_ZH = Pattern.compile("段落(\\p{Nd}+)");
  private static final Pattern NOT_CODE = Pattern.compile("[`#]|//");

  /** Returns the name of {@code metric} with the variant in use, where it has variants. */
  String name(LongBenchMetric metric) {
    return switch (metric) {
      case CODE_SIM -> metric.id() + "[" + fuzzy.id() + "]";
      case QA_F1_ZH, ROUGE_ZH -> metric.id() + "[" + segmenter.get().id() + "]";
      default -> metric.id();
    };
  }

  /** Returns what decides the values of {@code used} beside the answers. */
  Map<String, String> settings(List<LongBenchMetric> used) {
    Map<String, String> settings = new TreeMap<>();
    if (used.contains(LongBenchMetric.CODE_SIM)) {
      settings.put("fuzzy", fuzzy.id());
    }
    if (used.contains(LongBenchMetric.QA_F1_ZH) || used.contains(LongBenchMetric.ROUGE_ZH)) {
      settings.put("segmenter", segmenter.get().describe());
    }
    return settings;
  }

  /**
   * Returns the value of {@code answer}.
   *
   * @param classes all classes there are; only {@code CLASSIFICATION} looks at them
   * @throws IllegalArgumentException if the reference is not of the form that the measure needs
   */
  double value(LongBenchMetric metric, String answer, String reference, List<String> classes) {
    return switch (metric) {
      case QA_F1 -> TokenF1.of(AnswerText.english(answer), AnswerText.english(reference));
      case QA_F1_ZH -> TokenF1.of(bareWords(answer), bareWords(reference));
      case ROUGE -> RougeL.f(answer, reference);
      case ROUGE_ZH -> RougeL.f(spaced(answer), spaced(reference));
      case CLASSIFICATION -> classification(answer, reference, classes);
      case COUNT -> shareOf(reference, answer);
      case RETRIEVAL -> shareOf(paragraph(PARAGRAPH_EN, reference), answer);
      case RETRIEVAL_ZH -> shareOf(paragraph(PARAGRAPH_ZH, reference), answer);
      case CODE_SIM -> fuzzy.percent(firstCode(answer), reference) / 100.0;
    };
  }

  private List<String> bareWords(String text) {
    return segmenter.get().cut(text).stream()
        .map(AnswerText::chinese)
        .filter(word -> !word.isEmpty())
        .toList();
  }

  private String spaced(String text) {
    return String.join(" ", segmenter.get().cut(text));
  }

  private static double classification(String answer, String reference, List<String> classes) {
    List<String> named = new ArrayList<>(classes.stream().filter(answer::contains).toList());
    // A class inside the right one's name does not count as named. The official loop removes from
    // the list that it walks over, and so passes over the neighbour of each one removed.
    for (int i = 0; i < named.size(); i++) {
      if (reference.contains(named.get(i)) && !named.get(i).equals(reference)) {
        named.remove(named.get(i));
      }
    }
    return named.contains(reference) ? 1.0 / named.size() : 0;
  }

  private static double shareOf(String number, String answer) {
    List<String> numbers = PyStrings.digitRuns(answer);
    long right = numbers.stream().filter(number::equals).count();
    return numbers.isEmpty() ? 0 : (double) right / numbers.size();
  }

  private static String paragraph(Pattern pattern, String reference) {
    Matcher matcher = pattern.matcher(reference);
    if (!matcher.find()) {
      throw new IllegalArgumentException(
          "the reference '"
              + reference
              + "' names no paragraph: a number after '"
              + (pattern == PARAGRAPH_EN ? "Paragraph " : "段落")
              + "' was expected");
    }
    return matcher.group(1);
  }

  private static String firstCode(String answer) {
    for (String line : PyStrings.split(PyStrings.stripLeadingNewlines(answer), "\n")) {
      if (!NOT_CODE.matcher(line).find()) {
        return line;
      }
    }
    return "";
  }
}
