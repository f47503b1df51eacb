package dev.longspan.kernels.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TextStreamTest {
  private static final Path POCKET = Path.of("../datasets/models/pocket");

  @ParameterizedTest
  @ValueSource(
      strings = {
        "The lighthouse keeper counted 417 ships before dawn, and went to bed at last.",
        "naïve “quotes” — 中文字 😀👩‍🚀 done",
        "😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀",
        ""
      })
  void releasesWholeCharactersOnly(String text) {
    try (Tokenizer tokenizer = Tokenizer.load(POCKET)) {
      TextStream stream = tokenizer.stream();
      StringBuilder pieces = new StringBuilder();
      for (int id : tokenizer.encode(text)) {
        String fresh = stream.add(id);
        assertFalse(fresh.contains("\uFFFD"), fresh);
        pieces.append(fresh);
        assertEquals(pieces.toString(), stream.text().toString());
      }
      assertEquals(text, pieces + stream.finish());
      assertEquals(text, stream.text().toString());
    }
  }

  @Test
  void holdsBackAnUnfinishedCharacterUntilTheEnd() {
    try (Tokenizer tokenizer = Tokenizer.load(POCKET)) {
      int[] ids = tokenizer.encode("ok 😀");
      TextStream stream = tokenizer.stream();
      StringBuilder pieces = new StringBuilder();
      for (int i = 0; i < ids.length - 1; i++) {
        pieces.append(stream.add(ids[i]));
      }
      assertEquals("ok ", pieces.toString());
      assertEquals("\uFFFD", stream.finish());
      assertEquals("", stream.finish());
    }
  }

  @Test
  void anyTokensGiveTheTextOfAllTogether() {
    try (Tokenizer tokenizer = Tokenizer.load(POCKET)) {
      Random random = new Random(11);
      for (int n : List.of(1, 5, 17, 64, 200)) {
        int[] ids = random.ints(n, 0, 8192).toArray();
        TextStream stream = tokenizer.stream();
        for (int id : ids) {
          stream.add(id);
        }
        stream.finish();
        assertEquals(tokenizer.decode(ids), stream.text().toString(), "tokens " + n);
      }
    }
  }
}
