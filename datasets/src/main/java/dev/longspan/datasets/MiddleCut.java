package dev.longspan.datasets;

import java.util.Arrays;

/**
 * Shortens a prompt to a number of tokens by leaving out its middle, as LongBench does: questions
 * stand at the beginning and at the end.
 *
 * @param codec the evaluated model's tokenizer
 * @param maxTokens the longest prompt that is left alone; rounded down to an even number otherwise
 */
public record MiddleCut(TextCodec codec, int maxTokens) {
  /** A number of tokens that no prompt has. */
  public static final int NO_LIMIT = Integer.MAX_VALUE;

  /** Leaves every prompt as it is; needs no tokenizer. */
  public static final MiddleCut NONE = new MiddleCut(null, NO_LIMIT);

  /** Checks that something remains of a prompt. */
  public MiddleCut {
    if (maxTokens < 2) {
      throw new IllegalArgumentException(
          "a prompt cannot be cut to " + maxTokens + " tokens; give at least 2");
    }
  }

  /**
   * Returns {@code prompt}, or the texts of its first and of its last {@code maxTokens / 2} tokens,
   * put together.
   */
  public String apply(String prompt) {
    if (maxTokens == NO_LIMIT) {
      return prompt;
    }
    int[] tokens = codec.encode(prompt);
    if (tokens.length <= maxTokens) {
      return prompt;
    }
    int half = maxTokens / 2;
    return codec.decode(Arrays.copyOf(tokens, half))
        + codec.decode(Arrays.copyOfRange(tokens, tokens.length - half, tokens.length));
  }

  /** Says in a sample's info what became of its prompt. */
  public String describe(String whole, String kept) {
    return kept.equals(whole) ? "no" : "to " + maxTokens + " tokens";
  }
}
