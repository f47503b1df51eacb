package dev.longspan.eval.longppl;

import dev.longspan.datasets.TextCodec;

/** The characters of tokens for tokenizers that do not tell them. */
public final class TokenOffsets {
  private TokenOffsets() {}

  /**
   * Returns the characters of each token in the text that {@code tokens} decode to.
   *
   * <p>A token's length is what it adds to the token before it, since many tokenizers drop a blank
   * in front of the first token that they decode.
   */
  public static TextSpan[] of(TextCodec codec, int[] tokens) {
    TextSpan[] offsets = new TextSpan[tokens.length];
    int end = 0;
    for (int i = 0; i < tokens.length; i++) {
      int[] token = {tokens[i]};
      int added =
          i == 0
              ? length(codec, token)
              : length(codec, tokens[i - 1], tokens[i]) - length(codec, tokens[i - 1]);
      // Parts of a character decode to a placeholder each, together to one character or none.
      int next = Math.max(end, end + added);
      offsets[i] = new TextSpan(end, next);
      end = next;
    }
    return offsets;
  }

  private static int length(TextCodec codec, int... tokens) {
    String text = codec.decode(tokens);
    return text.codePointCount(0, text.length());
  }
}
