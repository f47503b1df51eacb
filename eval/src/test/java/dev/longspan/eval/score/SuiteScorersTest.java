package dev.longspan.eval.score;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.eval.code.CodeGrades;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SuiteScorersTest {
  private static String metric(Map<String, String> options, String suite, String task) {
    return SuiteScorers.of(options, CodeGrades.NONE).of(suite).metric(task);
  }

  private static String refusal(Map<String, String> options) {
    return assertThrows(
            IllegalArgumentException.class, () -> SuiteScorers.of(options, CodeGrades.NONE))
        .getMessage();
  }

  @Test
  void optionsChooseVariantsAndMetricsNameThem(@TempDir Path folder) throws IOException {
    assertEquals("code_sim[difflib]", metric(Map.of(), "longbench", "lcc"));
    assertEquals(
        "code_sim[levenshtein]",
        metric(Map.of("longbench.fuzzy", "levenshtein"), "longbench", "lcc"));
    assertEquals("accuracy[strict]", metric(Map.of(), "aime", "aime24"));
    assertEquals("accuracy[lm-eval]", metric(Map.of("aime.grader", "lm-eval"), "aime", "aime25"));
    Path file = Files.writeString(folder.resolve("dict.txt"), "校车 3 n\n");
    // SHA-256 of that line.
    assertEquals(
        "rouge_zh[jieba:1eb7cc76275e]",
        metric(Map.of("longbench.dictionary", file.toString()), "longbench", "vcsum"));
  }

  @Test
  void unknownOptionsAndValuesAreRefused() {
    assertEquals(
        "there is no scorer option 'aime.grade'; options: longbench.fuzzy, longbench.dictionary,"
            + " aime.grader",
        refusal(Map.of("aime.grade", "strict")));
    assertEquals(
        "unknown AIME grader 'lenient': use strict or lm-eval",
        refusal(Map.of("aime.grader", "lenient")));
    assertEquals(
        "unknown fuzzy back end 'jaro': use difflib or levenshtein",
        refusal(Map.of("longbench.fuzzy", "jaro")));
    String message = refusal(Map.of("longbench.dictionary", "/nowhere/dict.txt"));
    assertTrue(message.contains("longbench.dictionary: cannot read '/nowhere/dict.txt'"), message);
  }
}
