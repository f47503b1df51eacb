package dev.longspan.eval.score.aime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import dev.longspan.eval.Crosscheck;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class AimeGraderTest {
  private static void check(boolean strict, boolean lmEval, String text, String answer) {
    assertEquals(strict, AimeGrader.STRICT.correct(text, answer), "strict: " + text);
    assertEquals(lmEval, AimeGrader.LM_EVAL.correct(text, answer), "lm-eval: " + text);
  }

  @Test
  void theLastBoxCounts() {
    check(true, true, "so \\boxed{73}.", "73");
    check(true, true, "\\boxed{5}, no: \\boxed{ 73 }", "73");
    check(false, false, "\\boxed{73}, no: \\boxed{5}", "73");
    check(true, true, "\\boxed{73}^{a}", "73");
    check(false, false, "the answer is 73", "73");
    check(false, false, "\\boxed{73", "73");
    check(true, false, "\\boxed{73} then \\boxed{7", "73");
  }

  @Test
  void strictReadsANumberWhateverItsForm() {
    check(true, false, "\\boxed{073}", "73");
    check(true, false, "\\boxed{73.0}", "73");
    check(true, true, "\\boxed{73^\\circ}", "73");
    check(true, true, "\\boxed{73^{\\circ}}", "73");
    check(true, true, "\\boxed{73\\text{ cm}}", "73");
    check(true, false, "\\boxed{\\text{ }73}", "73");
    check(true, false, "\\boxed{$73$}", "73");
    check(true, true, "\\boxed{0}", "0");
    check(false, false, "\\boxed{73.5}", "73");
    check(false, false, "\\boxed{-73}", "73");
    check(false, false, "\\boxed{}", "0");
    check(false, true, "\\boxed{1073}", "1073");
    check(false, false, "\\boxed{7 or 3}", "73");
    check(false, false, "\\boxed{12345678901234567890}", "0");
  }

  @Test
  void onlyStrictLooksAtTheEndOfTheThinking() {
    check(false, true, "<think>\\boxed{73}", "73");
    check(false, true, "<think>\\boxed{73}</think>I do not know.", "73");
    check(true, true, "<think>\\boxed{5}</think>It is \\boxed{73}.", "73");
    check(true, true, "the template opened it</think>\\boxed{73}", "73");
  }

  @Test
  void lmEvalTakesTheDollarSignsOrTheWholeText() {
    check(false, true, "$73$", "73");
    check(false, true, " 7 3\n", "73");
    check(false, false, "we get $x$ and $73$", "73");
    check(false, false, "costs 73$", "73");
    // A box and a blank, anywhere, go on to the next dollar sign.
    check(false, true, "$\\boxed 73$ and more", "73");
    check(true, false, "\\boxed{73} \\boxed is LaTeX", "73");
    // An fbox is found and then not taken apart.
    check(false, true, "$73$ \\fbox{5}", "73");
  }

  @Test
  void lmEvalNormalisesLatex() {
    assertEquals(true, MathText.equivalent("\\dfrac12", "\\frac{1}{2}"));
    assertEquals(true, MathText.equivalent("\\tfrac1{2}", "0.5"));
    assertEquals(true, MathText.equivalent("1/2", "\\frac{1}{2}"));
    assertEquals(false, MathText.equivalent("01/2", "\\frac{1}{2}"));
    assertEquals(true, MathText.equivalent("x = \\sqrt3\\%", "\\sqrt{3}"));
    assertEquals(false, MathText.equivalent("abc=3", "3"));
    assertEquals(true, MathText.equivalent("\\left(.5\\right)", "(.5)"));
    assertEquals(true, MathText.equivalent(".25", "0.25"));
    // What cannot be normalised is compared as it stands.
    assertEquals(true, MathText.equivalent("a/b", "a/b"));
    assertEquals(false, MathText.equivalent("a/b ", "a/b"));
    assertEquals(false, MathText.equivalent("3\\sqrt", "3"));
    assertEquals(false, MathText.equivalent("7\\text{ m}\\text{ s}", "7"));
  }

  @Test
  void namesAreParsed() {
    assertEquals(AimeGrader.LM_EVAL, AimeGrader.parse("LM-eval"));
    assertEquals(AimeGrader.STRICT, AimeGrader.parse("strict"));
    String message =
        assertThrows(IllegalArgumentException.class, () -> AimeGrader.parse("fuzzy")).getMessage();
    assertEquals("unknown AIME grader 'fuzzy': use strict or lm-eval", message);
  }

  @Test
  void syntheticResponsesAreGradedAsTheOfficialGraderDoes() throws IOException {
    int rows = 0;
    int strict = 0;
    int lmEval = 0;
    for (JsonNode problem : Crosscheck.lines("aime/pred_synthetic.jsonl")) {
      String answer = problem.get("answer").asText();
      for (JsonNode node : problem.get("responses")) {
        String response = node.asText();
        boolean right = !response.contains(".5}") && !response.startsWith("Thus");
        boolean boxed = response.contains("}") && response.contains("boxed");
        boolean leadingZero =
            response.startsWith("so") && !response.equals("so \\boxed{" + answer + "}");
        boolean unit = response.contains("\\text{ }");
        check(right && boxed, right && boxed && !leadingZero && !unit, response, answer);
        strict += AimeGrader.STRICT.correct(response, answer) ? 1 : 0;
        lmEval += AimeGrader.LM_EVAL.correct(response, answer) ? 1 : 0;
        rows++;
      }
    }
    // Counted by running the grader of lm-evaluation-harness, and a strict one of its own, apart.
    assertEquals(List.of(480, 263, 205), List.of(rows, strict, lmEval));
  }
}
