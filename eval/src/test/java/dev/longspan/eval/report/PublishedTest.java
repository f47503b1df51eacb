package dev.longspan.eval.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.datasets.ruler.Ruler;
import dev.longspan.eval.Generation;
import dev.longspan.eval.SampleSummary;
import dev.longspan.eval.code.CodeGrades;
import dev.longspan.eval.code.CodeVerdict;
import dev.longspan.eval.score.ScoredSuite;
import dev.longspan.eval.score.Scoring;
import dev.longspan.eval.score.SuiteScorers;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PublishedTest {
  private final List<SampleSummary> samples = new ArrayList<>();
  private final List<Generation> generations = new ArrayList<>();
  private final Map<String, CodeVerdict> verdicts = new HashMap<>();

  private void add(
      String suite, String task, int length, int count, String text, Map<String, String> info) {
    for (int i = 0; i < count; i++) {
      String id = String.valueOf(i);
      samples.add(new SampleSummary(suite, task, length, id, "", "", List.of("x"), info));
      generations.add(
          new Generation(
              task + length + id,
              suite,
              task,
              length,
              id,
              0,
              "dense",
              text,
              9,
              9,
              "stop",
              null,
              null,
              0,
              0));
    }
  }

  private Published published() {
    SuiteScorers scorers = SuiteScorers.of(Map.of(), new CodeGrades("Python", verdicts));
    List<ScoredSuite> suites = ScoredSuite.of(samples, generations, "dense", scorers);
    return Published.of(SuiteView.of(Scoring.score(suites, "dense", 1)).get(0));
  }

  @Test
  void rulerAtThePapersLengthAndNumberStandsBesideIt() {
    Map<String, String> info = Map.of("templates", "ruler.json", "haystack", "books:1a2b");
    for (String task : Ruler.TASKS) {
      add("ruler", task, 32_768, 50, "x", info);
    }
    Published published = published();
    assertTrue(published.comparable());
    assertEquals(
        List.of("Of", "n", "full attention, paper", "InfLLM-V2, paper", "dense, here"),
        published.table().header());
    assertEquals(14, published.table().rows().size());
    assertEquals(
        List.of("the mean of all tasks at 32,768", "650", "84.26", "82.62", "100 [100.0, 100.0]"),
        published.table().rows().get(0));
    assertTrue(published.note().contains("wording, lengths and numbers of samples are those"));
  }

  @Test
  void whatDiffersIsSaidAndNothingIsPutBeside() {
    Map<String, String> info = Map.of("templates", "own-v1", "haystack", "generated-v1");
    add("ruler", "vt", 4096, 8, "x", info);
    Published published = published();
    assertFalse(published.comparable());
    assertEquals(1, published.table().rows().size());
    assertFalse(published.table().header().contains("dense, here"));
    assertTrue(
        published
            .note()
            .endsWith(
                "Ours cannot be compared with them: the wording of the prompts is our own; needles"
                    + " were hidden in generated prose; no samples of 32,768 tokens were asked."),
        published.note());
  }

  @Test
  void setsWithOtherNumbersOfSamplesAreNamed() {
    Map<String, String> info = Map.of("templates", "official.json", "data", "data:12ab");
    add("longbench", "qasper", 0, 200, "x", info);
    add("longbench", "trec", 0, 20, "x", info);
    Published published = published();
    assertEquals(1, published.table().rows().size());
    assertEquals("qasper", published.table().rows().get(0).get(0));
    assertTrue(
        published
            .note()
            .contains("Not all of ours can be compared with them: the mean of all tasks has 220"),
        published.note());
    assertTrue(published.note().contains("trec has 20 samples instead of 200"), published.note());
  }

  @Test
  void keyTokensOfAnotherEvaluatorAreAnotherMeasure() {
    Map<String, String> info = Map.of("templates", "none", "data", "gov:1", "evaluator", "pocket");
    add(
        "longppl",
        "documents",
        0,
        50,
        "{\"tokens\": 9, \"key_tokens\": 3, \"loss\": 8, \"key_loss\": 2}",
        info);
    assertTrue(published().note().contains("the key tokens are not those of Llama-3.1-8B"));
    samples.replaceAll(
        s ->
            new SampleSummary(
                s.suite(),
                s.task(),
                0,
                s.id(),
                "",
                "",
                s.references(),
                Map.of("templates", "none", "data", "g", "evaluator", "Meta-Llama-3.1-8B")));
    assertEquals("1.948 [1.948, 1.948]", published().table().rows().get(0).get(4));
  }

  @Test
  void oneOfTwoReleasesIsEnough() {
    verdicts.put(CodeGrades.key("x", "1"), new CodeVerdict(true, List.of(1), null, 0));
    Map<String, String> info = Map.of("templates", "official.json", "data", "test6.jsonl:1");
    add("livecodebench", "codegeneration", 0, 175, "```\n1\n```", info);
    Published published = published();
    assertEquals(1, published.table().rows().size());
    assertEquals("29.14", published.table().rows().get(0).get(2));
    assertFalse(published.note().contains("instead of"), published.note());
  }
}
