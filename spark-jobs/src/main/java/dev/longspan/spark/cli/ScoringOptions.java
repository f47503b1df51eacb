package dev.longspan.spark.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.eval.code.CodeGrades;
import dev.longspan.eval.score.SuiteScorers;
import dev.longspan.spark.UsageException;
import dev.longspan.spark.job.GradingSpec;
import dev.longspan.spark.run.Json;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine.Option;

/** How answers are scored where official scorers disagree, and how programs are run. */
final class ScoringOptions {
  @Option(
      names = "--longbench-fuzzy",
      paramLabel = "NAME",
      description = "What compares lines of code: difflib (default) or levenshtein.")
  String fuzzy;

  @Option(
      names = "--longbench-dictionary",
      paramLabel = "FILE",
      description = "Dictionary of the Chinese segmenter, as jieba's dict.txt. Default: jieba's.")
  String dictionary;

  @Option(
      names = "--aime-grader",
      paramLabel = "NAME",
      description = "Which answers of aime are right: strict (default) or lm-eval.")
  String grader;

  @Option(
      names = "--python",
      paramLabel = "NAME",
      defaultValue = "python3",
      description = "Interpreter of livecodebench's programs. Default: python3.")
  String python;

  @Option(
      names = "--unsafe-no-sandbox",
      description =
          "Run these programs even where no sandbox works: only inside a container that you can"
              + " lose.")
  boolean noSandbox;

  /** Returns the choices that differ from the usual. */
  Map<String, String> chosen() {
    Map<String, String> options = new TreeMap<>();
    put(options, SuiteScorers.LONGBENCH_FUZZY, fuzzy);
    put(options, SuiteScorers.LONGBENCH_DICTIONARY, dictionary);
    put(options, SuiteScorers.AIME_GRADER, grader);
    return options;
  }

  private static void put(Map<String, String> options, String name, String value) {
    if (value != null) {
      options.put(name, value);
    }
  }

  /** Returns the part of the manifest about scoring. */
  ObjectNode manifest() {
    ObjectNode node = Json.MAPPER.createObjectNode();
    chosen().forEach(node::put);
    return node;
  }

  /** Refuses choices that there are not. */
  void check() {
    scorers(Map.of(), CodeGrades.NONE);
  }

  /**
   * Returns the scorers.
   *
   * @param before choices of an earlier run, which count where none is made now
   */
  SuiteScorers scorers(Map<String, String> before, CodeGrades grades) {
    Map<String, String> options = new TreeMap<>(before);
    options.putAll(chosen());
    try {
      return SuiteScorers.of(options, grades);
    } catch (IllegalArgumentException e) {
      throw new UsageException(e.getMessage(), e);
    }
  }

  GradingSpec grading() {
    return new GradingSpec(python, noSandbox);
  }
}
