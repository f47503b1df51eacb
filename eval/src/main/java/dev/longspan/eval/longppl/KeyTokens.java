package dev.longspan.eval.longppl;

import java.util.Arrays;
import java.util.stream.IntStream;

/** Finds the tokens of a document that a model predicts well with a long context only. */
public final class KeyTokens {
  private KeyTokens() {}

  /**
   * Returns the positions of the key tokens, ascending.
   *
   * @param longContext log-probability of each token after all tokens before it; the first entry is
   *     not looked at
   * @param shortContext log-probability of each token in its {@link ShortPass}; the entries of the
   *     first {@code shortContext} tokens are not looked at
   * @throws IllegalArgumentException if the lengths differ, or a log-probability is not a number
   */
  public static int[] select(float[] longContext, float[] shortContext, LongPplSettings settings) {
    if (longContext.length != shortContext.length) {
      throw new IllegalArgumentException(
          "a document has one log-probability a token from each context, but "
              + longContext.length
              + " from the long and "
              + shortContext.length
              + " from the short one");
    }
    int first = Math.min(settings.shortContext(), longContext.length);
    return IntStream.range(first, longContext.length)
        .filter(t -> isKey(longContext[t], shortContext[t], t, settings))
        .toArray();
  }

  private static boolean isKey(float ofLong, float ofShort, int t, LongPplSettings settings) {
    if (Float.isNaN(ofLong) || Float.isNaN(ofShort)) {
      throw new IllegalArgumentException(
          "the log-probability of token " + t + " is not a number: " + ofLong + ", " + ofShort);
    }
    // Single precision, as the published implementation subtracts losses.
    return ofLong - ofShort > settings.alpha() && ofLong > settings.beta();
  }

  /**
   * Returns which tokens of another tokenizer lie within {@code spans}, ascending: each from its
   * first character to its last inside one span.
   *
   * <p>The first token is never among them: nothing precedes it, so it has no log-probability.
   *
   * @param offsets the characters of each token, in order
   * @param spans the characters of the key tokens, in order and apart
   */
  public static int[] within(TextSpan[] offsets, TextSpan[] spans) {
    int[] keys = new int[offsets.length];
    int count = 0;
    int span = 0;
    for (int i = 0; i < offsets.length && span < spans.length; ) {
      if (offsets[i].start() < spans[span].start()) {
        i++;
      } else if (offsets[i].end() <= spans[span].end()) {
        if (i > 0) {
          keys[count++] = i;
        }
        i++;
      } else {
        span++;
      }
    }
    return Arrays.copyOf(keys, count);
  }
}
