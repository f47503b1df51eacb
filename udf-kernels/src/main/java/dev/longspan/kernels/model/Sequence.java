package dev.longspan.kernels.model;

import dev.longspan.kernels.attention.AttentionMethod;
import java.util.Arrays;

/**
 * One request's place in the KV cache: which pages hold it and how far it has come.
 *
 * <p>Not thread safe; the engine's scheduler owns it.
 */
public final class Sequence {
  private final AttentionMethod method;
  private final int promptLength;
  private int[] pages = new int[16];
  private int pageCount;
  private int length;

  /**
   * Creates an empty sequence.
   *
   * @param method how its rows attend
   * @param promptLength tokens known from the start: the switch between dense and sparse attention
   *     looks at the whole prompt, so that chunked prefill equals one shot
   */
  public Sequence(AttentionMethod method, int promptLength) {
    this.method = method;
    this.promptLength = promptLength;
  }

  /** Returns how this sequence attends. */
  public AttentionMethod method() {
    return method;
  }

  /** Returns the tokens known from the start. */
  public int promptLength() {
    return promptLength;
  }

  /** Returns the tokens whose keys and values are in the cache. */
  public int length() {
    return length;
  }

  /** Returns the page that holds block {@code i}, that is tokens 64 i to 64 i + 63. */
  public int page(int i) {
    return pages[i];
  }

  /** Returns the number of pages held. */
  public int pageCount() {
    return pageCount;
  }

  /** Appends a page at the end. */
  public void addPage(int page) {
    if (pageCount == pages.length) {
      pages = Arrays.copyOf(pages, 2 * pageCount);
    }
    pages[pageCount++] = page;
  }

  /**
   * Returns the length by which the token at {@code position} chooses dense or sparse attention.
   */
  public int decisionLength(int position) {
    return Math.max(promptLength, position + 1);
  }

  /** Notes that a step has written {@code tokens} more tokens; called by the model. */
  public void advance(int tokens) {
    length += tokens;
  }
}
