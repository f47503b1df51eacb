package dev.longspan.eval.text;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Collections;
import org.junit.jupiter.api.Test;

class RougeLTest {
  private static double f(double precision, double recall) {
    return 2 * precision * recall / (precision + recall + 1e-8);
  }

  @Test
  void equalTextsStayJustBelowOne() {
    assertEquals(0.999999995, RougeL.f("The dam held.", "The dam held."), 1e-12);
  }

  @Test
  void textWithoutSentencesScoresZero() {
    assertEquals(0, RougeL.f("", "the dam"));
    assertEquals(0, RougeL.f("the dam", "..."));
    assertEquals(0, RougeL.f("rain", "snow"));
  }

  @Test
  void wordsCountOncePerText() {
    // Distinct words: 2 of 2 in the prediction, 2 of 3 in the reference.
    assertEquals(f(1, 2.0 / 3), RougeL.f("water water rose", "water rose again"), 1e-15);
  }

  @Test
  void blankPieceIsASentenceOfOneEmptyWord() {
    // "a. " ends in a blank piece: its empty word is one of two distinct words.
    assertEquals(f(0.5, 1), RougeL.f("a. ", "a"), 1e-15);
    assertEquals(f(1, 1), RougeL.f(" .a", "a. "), 1e-15);
  }

  @Test
  void commonWordsOfAllPairsOfSentencesAreUnited() {
    // "x y" gives x against "x q" and y against "y q"; together both words of the reference.
    assertEquals(f(2.0 / 3, 1), RougeL.f("x q. y q", "x y"), 1e-15);
  }

  @Test
  void onTiesTheWalkDropsAWordOfThePrediction() {
    // Of "b a" against "a b", either word is a longest common subsequence, and "b" is taken. Were
    // it "a", the second sentence would add "b" and make the texts equal.
    assertEquals(f(0.5, 0.5), RougeL.f("b a", "a b"), 1e-15);
    assertEquals(f(0.5, 0.5), RougeL.f("b a. b", "a b"), 1e-15);
  }

  @Test
  void sentencesOfAnyLengthAreCompared() {
    String text = String.join(" ", Collections.nCopies(3000, "w"));
    assertEquals(f(1, 0.5), RougeL.f(text, text + " v"), 1e-15);
  }
}
