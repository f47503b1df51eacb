package dev.longspan.datasets;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class MiddleCutTest {
  private static String cut(int maxTokens, String prompt) {
    return new MiddleCut(new WordCodec(), maxTokens).apply(prompt);
  }

  @Test
  void promptsThatFitStayAsTheyAre() {
    String prompt = "a b  c\n d";
    assertSame(prompt, cut(6, prompt));
  }

  @Test
  void theMiddleIsLeftOutWithoutASeparator() {
    // The special token in front is one of the first half.
    assertEquals("a" + "g h", cut(4, "a b c d e f g h"));
    assertEquals("a" + "g h", cut(5, "a b c d e f g h"), "an odd limit is rounded down");
    assertEquals("" + "h", cut(2, "a b c d e f g h"));
  }

  @Test
  void nothingCannotBeKept() {
    String message = assertThrows(IllegalArgumentException.class, () -> cut(1, "a")).getMessage();
    assertEquals("a prompt cannot be cut to 1 tokens; give at least 2", message);
  }
}
