package dev.longspan.kernels.tokenizer;

import java.util.Arrays;

/**
 * Decodes a growing list of tokens, never showing half a character.
 *
 * <p>A character may be spread over several tokens; until its last byte is there it decodes to
 * U+FFFD. Text is released only up to such a tail, and what has been released never changes, so a
 * caller can look for stop strings in {@link #text} as it grows. Each token costs one decode of the
 * last few tokens. Not thread safe.
 */
public final class TextStream {
  private static final char UNFINISHED = '\uFFFD';
  private static final int WINDOW = 16;

  private final NativeTokenizer tokenizer;
  private final StringBuilder text = new StringBuilder();
  private int[] ids = new int[64];
  private int count;
  // Only tokens from `context` on are decoded; of their text `released` characters are out.
  private int context;
  private int boundary;
  private int released;

  TextStream(NativeTokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  /** Adds a token and returns the text that it completes; often empty for parts of characters. */
  public String add(int id) {
    if (count == ids.length) {
      ids = Arrays.copyOf(ids, 2 * count);
    }
    ids[count++] = id;
    String window = tokenizer.decode(ids, context, count);
    int end = window.length();
    while (end > 0 && window.charAt(end - 1) == UNFINISHED) {
      end--;
    }
    String fresh = release(window, end);
    if (end == window.length() && count - context > WINDOW) {
      // Some decoders treat a first token in another way, so the window keeps a few older ones.
      context = boundary;
      boundary = count;
      released = tokenizer.decode(ids, context, count).length();
    }
    return fresh;
  }

  /** Returns what is still held back, unfinished characters as U+FFFD. */
  public String finish() {
    String window = tokenizer.decode(ids, context, count);
    return release(window, window.length());
  }

  /** Returns everything released so far. */
  public CharSequence text() {
    return text;
  }

  private String release(String window, int end) {
    if (end <= released) {
      return "";
    }
    String fresh = window.substring(released, end);
    text.append(fresh);
    released = end;
    return fresh;
  }
}
