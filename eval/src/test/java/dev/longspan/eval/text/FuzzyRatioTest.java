package dev.longspan.eval.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import dev.longspan.eval.Crosscheck;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class FuzzyRatioTest {
  private static void check(int difflib, int levenshtein, String a, String b) {
    assertEquals(difflib, FuzzyRatio.DIFFLIB.percent(a, b), "difflib of " + a + " | " + b);
    assertEquals(
        levenshtein, FuzzyRatio.LEVENSHTEIN.percent(a, b), "levenshtein of " + a + " | " + b);
  }

  @Test
  void equalAndEmptyStringsAreSpecial() {
    check(100, 100, "", "");
    check(100, 100, "int x = 1;", "int x = 1;");
    check(0, 0, "", "x");
    check(0, 0, "x", "");
    check(0, 0, "a", "b");
  }

  @Test
  void valuesOfPythonAreReproduced() {
    check(83, 83, "return self.total", "return total");
    check(85, 85, "for (int i = 0; i < n; i++) {", "for (int j = 1; j <= n; ++j) {");
    check(67, 67, "qabxcd", "abycdf");
    check(77, 77, "abcabcab", "abcab");
  }

  @Test
  void halfPercentsRoundToEven() {
    check(12, 12, "axxxxxxx", "ayyyyyyy");
    check(38, 38, "aaaxxxxx", "aaayyyyy");
    check(62, 62, "abcdexxx", "abcdeyyy");
  }

  @Test
  void charactersAreCodePoints() {
    check(83, 83, "x = 数\ud842\udfb7", "x = \ud842\udfb7数");
  }

  @Test
  void popularCharactersOfALongReferenceAreNoAnchorsForDifflib() {
    String prediction = "a".repeat(50) + "xyz" + "b".repeat(20);
    String reference = "ab".repeat(120) + "xyz";
    check(3, 44, prediction, reference);
    // The other way round the second string is short, and every character counts.
    assertEquals(34, FuzzyRatio.DIFFLIB.percent(reference, prediction));
  }

  @Test
  void namesAreParsed() {
    assertEquals(FuzzyRatio.LEVENSHTEIN, FuzzyRatio.parse("Levenshtein"));
    assertEquals("difflib", FuzzyRatio.DIFFLIB.id());
    String message =
        assertThrows(IllegalArgumentException.class, () -> FuzzyRatio.parse("jaro")).getMessage();
    assertEquals("unknown fuzzy back end 'jaro': use difflib or levenshtein", message);
  }

  @Test
  void officialPairsAreReproduced() throws IOException {
    List<JsonNode> fixtures = Crosscheck.lines("longbench/fuzz_fixtures.jsonl");
    for (JsonNode fixture : fixtures) {
      check(
          fixture.get("difflib").asInt(),
          fixture.get("indel").asInt(),
          fixture.get("a").asText(),
          fixture.get("b").asText());
    }
    assertEquals(1000, fixtures.size());
  }
}
