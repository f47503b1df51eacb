package dev.longspan.eval.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
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
}
