package dev.longspan.kernels.engine;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/**
 * A byte-level vocabulary: ids 0 to 255 are bytes of UTF-8, 256 ends an answer, 257 is special,
 * above that each id is a word of several characters.
 *
 * @param endIds ids that end an answer
 */
record Utf8Text(Set<Integer> endIds) implements Detokenizer {
  static final int END = 256;
  static final int SPECIAL = 257;
  static final int FIRST_WORD = 258;
  static final String[] WORDS = {" the", "STOP", "\n\n", " é", "a long piece of text", "##", "OP"};
  static final int VOCAB = FIRST_WORD + WORDS.length;

  /** Creates a vocabulary with one end token. */
  Utf8Text() {
    this(Set.of(END));
  }

  @Override
  public String decode(int[] ids) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int id : ids) {
      if (id < 256) {
        bytes.write(id);
      } else if (id >= FIRST_WORD) {
        bytes.writeBytes(WORDS[id - FIRST_WORD].getBytes(StandardCharsets.UTF_8));
      }
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }
}
