package dev.longspan.eval.score.longbench;

import dev.longspan.datasets.Sample;
import dev.longspan.datasets.longbench.LongBenchV2;
import dev.longspan.eval.SampleSummary;
import dev.longspan.eval.score.ScoredSuite;
import dev.longspan.eval.score.ScoredSuite.Cell;
import dev.longspan.eval.score.ScoredSuite.Item;
import dev.longspan.eval.score.SuiteScorer;
import dev.longspan.eval.text.Thinking;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * LongBench v2's scoring (Bai et al. 2025): the choice that the answer states, in the words that
 * the prompt asks for. An answer that states none is wrong.
 */
public final class LongBenchV2Scorer implements SuiteScorer {
  private static final Pattern IN_BRACKETS = Pattern.compile("The correct answer is \\(([A-D])\\)");
  private static final Pattern BARE = Pattern.compile("The correct answer is ([A-D])");

  @Override
  public String suite() {
    return LongBenchV2.SUITE;
  }

  @Override
  public String version() {
    return "1";
  }

  @Override
  public String oracle(Sample sample) {
    return "The correct answer is (" + sample.references().get(0) + ")";
  }

  @Override
  public List<String> tasks() {
    return List.of(LongBenchV2.ZERO_SHOT, LongBenchV2.NO_CONTEXT);
  }

  @Override
  public String metric(String task) {
    return "accuracy";
  }

  /** Drops what a reasoning model thought aloud, and asterisks, which mark bold type. */
  @Override
  public String clean(String text) {
    return Thinking.answer(text).replace("*", "");
  }

  @Override
  public double value(SampleSummary sample, String answer) {
    return sample.references().get(0).equals(choice(answer)) ? 1 : 0;
  }

  /** Returns the letter that a cleaned answer states, or null. */
  static String choice(String answer) {
    for (Pattern pattern : List.of(IN_BRACKETS, BARE)) {
      Matcher matcher = pattern.matcher(answer);
      if (matcher.find()) {
        return matcher.group(1);
      }
    }
    return null;
  }

  /** Returns the accuracy by difficulty and by length, with the official reader's defaults. */
  @Override
  public List<Figure> figures(ScoredSuite suite, String method, long seed) {
    List<Figure> figures = new ArrayList<>();
    for (Cell cell : suite.cells()) {
      figures.add(figure(cell, "easy", method, seed, i -> info(i, "difficulty").equals("easy")));
      figures.add(figure(cell, "hard", method, seed, i -> !info(i, "difficulty").equals("easy")));
      figures.add(figure(cell, "short", method, seed, i -> info(i, "length").equals("short")));
      figures.add(figure(cell, "medium", method, seed, i -> info(i, "length").equals("medium")));
      figures.add(
          figure(
              cell,
              "long",
              method,
              seed,
              i -> !List.of("short", "medium").contains(info(i, "length"))));
    }
    return figures;
  }

  private static Figure figure(
      Cell cell, String part, String method, long seed, Predicate<Item> belongs) {
    List<Item> items = cell.items().stream().filter(belongs).toList();
    return new Figure(
        cell.task(),
        "accuracy_" + part,
        LongBenchFigures.estimate(items, method, LongBenchFigures.seed(seed, cell.task() + part)),
        items);
  }

  private static String info(Item item, String key) {
    return item.sample().info().getOrDefault(key, "");
  }
}
