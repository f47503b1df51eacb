package dev.longspan.datasets;

/** Text to tokens and back, by the evaluated model's tokenizer. */
public interface TextCodec {
  /**
   * Returns the tokens of {@code text}, with the special tokens that the tokenizer puts around it.
   */
  int[] encode(String text);

  /** Returns the text of {@code tokens}; special tokens have none. */
  String decode(int[] tokens);
}
