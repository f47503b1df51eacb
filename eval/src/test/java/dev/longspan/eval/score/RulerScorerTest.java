package dev.longspan.eval.score;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.longspan.eval.SampleSummary;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RulerScorerTest {
  private final SuiteScorer ruler = SuiteScorers.standard().of("ruler");

  private double score(String task, String answer, String... references) {
    SampleSummary sample =
        new SampleSummary("ruler", task, 4096, "0", "", "", List.of(references), Map.of());
    return ruler.value(sample, ruler.clean(answer));
  }

  @Test
  void allCountsTheFractionOfReferences() {
    assertEquals(1, score("niah_single_1", "It is 1234567.", "1234567"));
    assertEquals(0.75, score("niah_multivalue", "11, 22 and 33", "11", "22", "33", "44"));
    assertEquals(0, score("vt", "", "ABCDE"));
  }

  @Test
  void partNeedsOnlyOneReference() {
    assertEquals(1, score("qa_1", "in the year 1066", "1066", "the 11th century"));
    assertEquals(0, score("qa_2", "no idea", "yes", "maybe"));
    assertEquals("string_match_part", ruler.metric("qa_2"));
    assertEquals("string_match_all", ruler.metric("fwe"));
  }

  @Test
  void referencesMatchInsideWordsAndWithoutCase() {
    assertEquals(1, score("niah_single_1", "3123", "12"), "no word boundaries");
    assertEquals(1, score("qa_1", "THE RIVER ÖRE", "öre"));
    assertEquals(1, score("niah_multivalue", "77", "77", "7"), "references match independently");
    assertEquals(1, score("qa_1", "ΟΔΟΣ", "οδος"), "final sigma follows Python's lower()");
    assertEquals(1, score("qa_1", "i̇stanbul", "İSTANBUL"), "no locale, full case mapping");
  }

  @Test
  void controlCharactersBecomeNewlinesBetweenTwoStrips() {
    assertEquals("a\nb", ruler.clean(" \u00a0a\tb\u2003\n"));
    assertEquals("a", ruler.clean("\u0000 a \u0007"), "uncovered whitespace is stripped as well");
    assertEquals("a\n\nb", ruler.clean("a\u001b\u0000b"));
    assertEquals("a\u007f\u0085b", ruler.clean("a\u007f\u0085b\u0085"), "only below U+0020");
    assertEquals("", ruler.clean("\u001c\u3000\u202f"));
    assertEquals("\ufeff\u200b", ruler.clean("\ufeff\u200b"), "neither is whitespace to Python");
    assertEquals(0, score("niah_single_1", "blue\theron", "blue heron"), "a tab is a newline now");
  }

  @Test
  void unknownSuitesAreRefusedWithTheKnownOnes() {
    String message =
        assertThrows(IllegalArgumentException.class, () -> SuiteScorers.standard().of("longbanch"))
            .getMessage();
    assertEquals(
        "there is no scorer for the suite 'longbanch'; known suites: ruler, longbench,"
            + " longbench_v2, longppl, aime, livecodebench",
        message);
  }
}
