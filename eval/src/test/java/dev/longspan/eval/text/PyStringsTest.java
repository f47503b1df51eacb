package dev.longspan.eval.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PyStringsTest {
  @Test
  void thereAre29BlanksAndAllOfThemSeparate() {
    List<Integer> blanks =
        IntStream.rangeClosed(0, Character.MAX_CODE_POINT)
            .filter(PyStrings::isSpace)
            .boxed()
            .toList();
    assertEquals(29, blanks.size());
    String text =
        blanks.stream().map(Character::toString).collect(Collectors.joining("x", "", "x"));
    assertEquals(29, PyStrings.split(text).size());
    // A zero-width space and the byte order mark are no blanks in Python.
    assertEquals(List.of("a\u200bb\ufeff"), PyStrings.split("a\u200bb\ufeff"));
  }

  @Test
  void splittingAtASeparatorKeepsEmptyFields() {
    assertEquals(List.of("", "a", "", ""), PyStrings.split(" a  ", " "));
    assertEquals(List.of(""), PyStrings.split("", "\n"));
  }

  @Test
  void stripTakesTheBlanksThatJavaLeaves() {
    assertEquals("a b", PyStrings.strip("\u00a0\u0085\u001f a b\u3000\n"));
    assertEquals("", PyStrings.strip(" \t"));
    assertEquals(" a\n", PyStrings.stripLeadingNewlines("\n\n a\n"));
  }

  @Test
  void digitsOfEveryScriptAreFound() {
    assertEquals(List.of("12", "３４", "٥"), PyStrings.digitRuns("a12b３４, ٥ ² Ⅳ"));
  }

  @Test
  void punctuationIsAsciiOnly() {
    long count = IntStream.rangeClosed(0, 0xffff).filter(PyStrings::isAsciiPunctuation).count();
    assertEquals(32, count);
    assertTrue(PyStrings.isAsciiPunctuation('`'));
  }

  @Test
  void roundingIsHalfToEvenOnTheBinaryValue() {
    assertEquals(0.12, PyRounding.round(0.125, 2));
    assertEquals(0.38, PyRounding.round(0.375, 2));
    // 2.675 is a little less in binary.
    assertEquals(2.67, PyRounding.round(2.675, 2));
    String message =
        assertThrows(IllegalArgumentException.class, () -> PyRounding.round(Double.NaN, 2))
            .getMessage();
    assertTrue(message.contains("cannot round NaN"), message);
  }
}
