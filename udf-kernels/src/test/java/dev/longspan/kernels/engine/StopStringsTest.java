package dev.longspan.kernels.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class StopStringsTest {
  private final Utf8Text text = new Utf8Text();

  @Test
  void findsAStopStringThatSpansTokens() {
    StopStrings stops = new StopStrings(List.of("STOP"), text);
    int[] tokens = {'x', 'S', 'T', Utf8Text.FIRST_WORD + 6};
    assertFalse(stops.in(tokens, 1));
    assertFalse(stops.in(tokens, 2));
    assertFalse(stops.in(tokens, 3));
    assertTrue(stops.in(tokens, 4));
    assertEquals("x", stops.cut(text.decode(tokens)));
  }

  @Test
  void seesThroughSpecialTokensAndHalfCharacters() {
    StopStrings stops = new StopStrings(List.of("😀é"), text);
    byte[] bytes = "a😀é".getBytes(StandardCharsets.UTF_8);
    int[] tokens = new int[bytes.length + 1];
    for (int i = 0; i < bytes.length; i++) {
      tokens[i < 5 ? i : i + 1] = bytes[i] & 0xff;
    }
    tokens[5] = Utf8Text.SPECIAL;
    for (int count = 1; count < tokens.length; count++) {
      assertFalse(stops.in(tokens, count), "after " + count);
    }
    assertTrue(stops.in(tokens, tokens.length));
    assertEquals("a", stops.cut(text.decode(tokens)));
  }

  @Test
  void cutsBeforeTheFirstOfSeveral() {
    StopStrings stops = new StopStrings(List.of("ccc", "b", "abc"), text);
    assertEquals("xx", stops.cut("xxabccc"));
    assertEquals("xx", stops.cut("xx"));
    assertEquals("", stops.cut("b"));
  }

  @Test
  void stopsAtTheSameTokenAsASearchOfTheWholeText() {
    List<List<String>> cases =
        List.of(
            List.of("STOP"),
            List.of("ab", "ba\n"),
            List.of("\n\nthe", " é"),
            List.of("éa", "😀b"),
            List.of("a long piece of texta", "####"));
    Random random = new Random(11);
    int found = 0;
    for (int round = 0; round < 300; round++) {
      List<String> strings = cases.get(round % cases.size());
      StopStrings stops = new StopStrings(strings, text);
      int[] tokens = randomTokens(random, 1 + random.nextInt(400));
      for (int count = 1; count <= tokens.length; count++) {
        String whole = text.decode(Arrays.copyOf(tokens, count));
        boolean expected = strings.stream().anyMatch(whole::contains);
        assertEquals(expected, stops.in(tokens, count), strings + " in " + whole);
        if (expected) {
          found++;
          break;
        }
      }
    }
    assertTrue(found > 50 && found < 295, "found " + found);
  }

  @Test
  void noPlaceInTheAnswerIsABlindSpot() {
    for (String stop : List.of("é", "éb", "😀é", "éab😀cd", "😀😀😀", "\n\nUser:")) {
      byte[] end = stop.getBytes(StandardCharsets.UTF_8);
      for (String filler : List.of("x", "é", "😀x", "ab\n")) {
        for (int before = 0; before < 150; before++) {
          byte[] start = filler.repeat(before).getBytes(StandardCharsets.UTF_8);
          int[] tokens = new int[start.length + end.length];
          for (int i = 0; i < tokens.length; i++) {
            tokens[i] = (i < start.length ? start[i] : end[i - start.length]) & 0xff;
          }
          StopStrings stops = new StopStrings(List.of(stop), text);
          int count = 1;
          while (count < tokens.length && !stops.in(tokens, count)) {
            count++;
          }
          String found = text.decode(Arrays.copyOf(tokens, count));
          assertTrue(found.endsWith(stop), stop + " in " + filler + " x " + before);
          if (count == tokens.length) {
            assertTrue(stops.in(tokens, count), stop + " in " + filler + " x " + before);
          }
        }
      }
    }
  }

  @Test
  void workPerTokenDoesNotGrowWithTheAnswer() {
    AtomicLong decoded = new AtomicLong();
    Detokenizer counting =
        new Detokenizer() {
          @Override
          public String decode(int[] ids) {
            decoded.addAndGet(ids.length);
            return text.decode(ids);
          }

          @Override
          public Set<Integer> endIds() {
            return text.endIds();
          }
        };
    StopStrings stops = new StopStrings(List.of("\nUser:"), counting);
    int[] tokens = new int[20_000];
    Arrays.fill(tokens, 'x');
    for (int count = 1; count <= tokens.length; count++) {
      assertFalse(stops.in(tokens, count));
    }
    assertTrue(decoded.get() < 60L * tokens.length, "decoded " + decoded);
  }

  private static int[] randomTokens(Random random, int count) {
    int[] pool = {'a', 'b', '\n', 'S', 'T', 0xC3, 0xA9, 0xF0, 0x9F, 0x98, 0x80, Utf8Text.SPECIAL};
    int[] tokens = new int[count];
    for (int i = 0; i < count; i++) {
      tokens[i] =
          switch (random.nextInt(12)) {
            case 0 -> Utf8Text.FIRST_WORD + random.nextInt(Utf8Text.WORDS.length);
            case 1, 2, 3 -> 'x';
            default -> pool[random.nextInt(pool.length)];
          };
    }
    return tokens;
  }
}
