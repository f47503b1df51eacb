package dev.longspan.kernels.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class BarePromptTest {
  @Test
  void promptsWithoutMessagesGoToTheModelWithoutTheTemplate() {
    try (Tokenizer tokenizer = Tokenizer.load(Path.of("../datasets/models/pocket"))) {
      String text = "Question: Where?\nType: <|im_end|>";
      assertEquals(text, tokenizer.render(List.of(), text));
      int[] ids = tokenizer.prompt(List.of(), text);
      int added = ids[0] == tokenizer.bosId() ? 1 : 0;
      assertArrayEquals(tokenizer.encode(text), Arrays.copyOfRange(ids, added, ids.length));
    }
  }
}
