package dev.longspan.eval.score.longbench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.eval.Generation;
import dev.longspan.eval.SampleSummary;
import dev.longspan.eval.ScoreRows;
import dev.longspan.eval.Scores;
import dev.longspan.eval.score.Scoring;
import dev.longspan.eval.text.FuzzyRatio;
import dev.longspan.eval.text.jieba.Jieba;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LongBenchScorerTest {
  private final LongBenchScorer scorer = new LongBenchScorer(FuzzyRatio.DIFFLIB, Jieba::standard);

  private static SampleSummary sample(String task, Map<String, String> info, String... answers) {
    return new SampleSummary("longbench", task, 0, "s1", "", "", List.of(answers), info);
  }

  private double score(String task, String prediction, String... answers) {
    return scorer.value(sample(task, Map.of(), answers), scorer.clean(prediction));
  }

  private double classify(String prediction, String answer, String... classes) {
    String all = "[\"" + String.join("\",\"", classes) + "\"]";
    return scorer.value(sample("trec", Map.of("all_classes", all), answer), prediction);
  }

  @Test
  void englishAnswersAreComparedWithoutCaseArticlesAndPunctuation() {
    assertEquals(1, score("qasper", "The U.S. Army!", "us army"));
    assertEquals(1, score("qasper", "an  apple\u00a0a day", "Apple, day"));
    // Two of three words right, two of two found.
    assertEquals(0.8, score("narrativeqa", "the old mill door", "mill door"), 1e-15);
    assertEquals(0, score("musique", "the", "a"));
    // An article within a word stays: deleting the hyphen makes one word of "a-b".
    assertEquals(0, score("hotpotqa", "a-b", "b"));
    assertEquals(1, score("hotpotqa", "über den Fluß", "ÜBER DEN FLUß"));
  }

  @Test
  void theBestOfTheReferencesCounts() {
    assertEquals(1, score("2wikimqa", "Lisbon", "Porto", "lisbon", "Faro"));
    assertEquals(0, score("2wikimqa", "", "Porto"));
  }

  @Test
  void chineseAnswersAreComparedWordByWord() {
    assertEquals(1, score("multifieldqa_zh", "「沈若兰」。", "沈若兰"), 1e-15);
    // The opening bracket is not on the official list of punctuation, and stays as a word.
    assertEquals(2 / 3.0, score("multifieldqa_zh", "《沈若兰》。", "沈若兰"), 1e-15);
    // 是|老师|沈若兰 against 退休|教师|沈若兰
    assertEquals(1 / 3.0, score("multifieldqa_zh", "是老师沈若兰", "退休教师沈若兰"), 1e-15);
    assertEquals(1, score("multifieldqa_zh", "ＡＢＣ公司 2024", "ａｂｃ公司2024"), 1e-15);
  }

  @Test
  void openingAngleBracketsAreNoPunctuationInLongBench() {
    assertEquals("", AnswerText.chinese("》"));
    assertEquals("《", AnswerText.chinese("《"));
    assertEquals("．", AnswerText.chinese("．"));
    assertEquals("ab", AnswerText.chinese("“A\u3000b…”"));
  }

  @Test
  void summariesAreScoredByRougeL() {
    assertEquals(0.999999995, score("gov_report", "The dam held.", "The dam held."), 1e-12);
    assertEquals(0.999999995, score("vcsum", "大家同意改走北环路。", "大家同意改走北环路。"), 1e-12);
    assertEquals(0, score("qmsum", "", "The pump is ordered."));
  }

  @Test
  void onlyTheFirstLineOfFewShotAnswersCounts() {
    assertEquals(1, score("triviaqa", "\n\nLisbon\nQuestion: and then?", "Lisbon"));
    assertTrue(score("narrativeqa", "\n\nLisbon\nQuestion: and then?", "Lisbon") < 1);
    assertEquals(0, score("triviaqa", " \nLisbon", "Lisbon"));
  }

  @Test
  void classesShareTheirPoint() {
    assertEquals(1, classify("Place", "Place", "Person", "Place"));
    assertEquals(0.5, classify("Person or Place", "Place", "Person", "Place"));
    assertEquals(0, classify("Person", "Place", "Person", "Place"));
    assertEquals(0, classify("Place", "Place"));
    // A class within the right one's name is removed,
    assertEquals(1, classify("Other number", "Other number", "number", "Other number"));
    // but the one after a removed class escapes.
    assertEquals(0.5, classify("Other number", "Other number", "Other", "number", "Other number"));
  }

  @Test
  void numbersAreCountedWhereverTheyStand() {
    assertEquals(0.5, score("passage_count", "4 or 5", "4"));
    assertEquals(0, score("passage_count", "four", "4"));
    assertEquals(0, score("passage_count", "04", "4"));
    assertEquals(1, score("passage_retrieval_en", "Paragraph 12", "Paragraph 12"));
    assertEquals(0.5, score("passage_retrieval_zh", "段落3，不是段落1", "段落3"));
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> score("passage_retrieval_zh", "段落3", "Paragraph 3"))
            .getMessage();
    assertTrue(
        message.startsWith(
            "LongBench sample passage_retrieval_zh/s1: the reference 'Paragraph 3' names no"),
        message);
  }

  @Test
  void theFirstLineOfCodeIsCompared() {
    assertEquals(1, score("lcc", "\n\n# next\n```\n  return x;\nfoo()", "  return x;"));
    assertEquals(0, score("lcc", "// only a comment", "x"));
    assertEquals(0.83, score("repobench-p", "return self.total", "return total"));
    LongBenchScorer indel = new LongBenchScorer(FuzzyRatio.LEVENSHTEIN, Jieba::standard);
    String answer = "a".repeat(50) + "xyz" + "b".repeat(20);
    SampleSummary sample = sample("lcc", Map.of(), "ab".repeat(120) + "xyz");
    assertEquals(0.03, scorer.value(sample, answer));
    assertEquals(0.44, indel.value(sample, answer));
    assertEquals("code_sim[difflib]", scorer.metric("lcc"));
    assertEquals("code_sim[levenshtein]", indel.metric("lcc_e"));
  }

  @Test
  void metricsOfChineseSetsNameTheDictionary() {
    assertEquals("rouge_zh[jieba:7197c3211ddd]", scorer.metric("dureader"));
    assertEquals("qa_f1_zh[jieba:7197c3211ddd]", scorer.metric("multifieldqa_zh"));
    assertEquals("qa_f1", scorer.metric("qasper_e"));
  }

  @Test
  void thoughtsAreNotScored() {
    assertEquals(1, score("hotpotqa", "<think>Is it Porto?</think>\n\nLisbon", "Lisbon"));
  }

  @Test
  void unknownSetsAreRefusedWithTheKnownOnes() {
    String message =
        assertThrows(IllegalArgumentException.class, () -> scorer.metric("narrative")).getMessage();
    assertTrue(message.startsWith("LongBench has no set 'narrative'; its sets are narr"), message);
  }

  @Test
  void groupsAndTheWholeAreMeansOfMeans() {
    Run run = new Run();
    run.add("narrativeqa", 100, "Lisbon", "Lisbon").add("qasper", 100, "Porto", "Lisbon");
    run.add("lcc", 100, "x", "x").add("lcc", 100, "y", "x");
    Scores scores = run.score();
    assertEquals(50, run.value(scores, "single-doc", "group_mean"));
    assertEquals(50, run.value(scores, "code", "group_mean"));
    assertEquals(50, run.value(scores, "all", "overall"));
    assertEquals(50, run.value(scores, "lcc", "code_sim[difflib]"));
    assertEquals(100, run.value(scores, "narrativeqa", "qa_f1"));
  }

  @Test
  void extendedSetsAreScoredByRangeOfLength() {
    Run run = new Run();
    run.add("trec_e", 3999, "Place", "Place").add("trec_e", 4000, "Person", "Place");
    run.add("trec_e", 7999, "Place", "Place").add("trec_e", 8000, "Place", "Place");
    Scores scores = run.score();
    assertEquals(100, run.value(scores, "trec_e", "0-4k"));
    assertEquals(50, run.value(scores, "trec_e", "4-8k"));
    assertEquals(100, run.value(scores, "trec_e", "8k+"));
    assertEquals(75, run.value(scores, "trec_e", "classification"));
    assertTrue(scores.scores().stream().noneMatch(s -> s.metric().equals("group_mean")));
  }

  private static final class Run {
    private final List<SampleSummary> samples = new ArrayList<>();
    private final List<Generation> generations = new ArrayList<>();

    Run add(String task, int length, String prediction, String answer) {
      String id = String.valueOf(samples.size());
      Map<String, String> info =
          Map.of("length", String.valueOf(length), "all_classes", "[\"Place\",\"Person\"]");
      samples.add(new SampleSummary("longbench", task, 0, id, "", "", List.of(answer), info));
      generations.add(
          new Generation(
              id,
              "longbench",
              task,
              0,
              id,
              0,
              "dense",
              prediction,
              9,
              9,
              "stop",
              null,
              null,
              0,
              0));
      return this;
    }

    Scores score() {
      return Scoring.score(samples, generations, "dense", 1);
    }

    double value(Scores scores, String task, String metric) {
      return ScoreRows.only(scores, task, metric).value();
    }
  }
}
