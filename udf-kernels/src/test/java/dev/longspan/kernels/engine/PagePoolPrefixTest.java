package dev.longspan.kernels.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.kernels.model.Sequence;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PagePoolPrefixTest {
  private static final String METHOD = "dense";

  private final PagePool pool = new PagePool(8);
  private final int[] prompt = Tiny.prompt(new Random(1), 200);

  /** A sequence and what the pool knows of its prompt. */
  private record Held(Sequence sequence, PagePool.Prefix prefix, int reused) {}

  /** Takes pages for a prompt and computes it up to {@code computed} tokens. */
  private Held hold(String method, int[] tokens, int computed) {
    Sequence sequence = new Sequence(Tiny.DENSE_METHOD, tokens.length);
    PagePool.Prefix prefix = pool.share(sequence, method, tokens, tokens.length - 1);
    int reused = sequence.length();
    assertTrue(pool.grow(sequence, PagePool.pagesFor(tokens.length)));
    sequence.advance(Math.max(0, computed - reused));
    pool.publish(sequence, prefix);
    return new Held(sequence, prefix, reused);
  }

  @Test
  void sharesWholePagesOfTheSamePrompt() {
    Held first = hold(METHOD, prompt, 200);
    assertEquals(0, first.reused);
    Held second = hold(METHOD, prompt, 200);
    assertEquals(192, second.reused);
    for (int i = 0; i < 3; i++) {
      assertEquals(first.sequence.page(i), second.sequence.page(i));
    }
    assertNotEquals(first.sequence.page(3), second.sequence.page(3), "the last page is not full");
    assertEquals(8 - 5, pool.free());

    pool.release(first.sequence);
    assertEquals(8 - 4, pool.free(), "the second still holds the shared ones");
    pool.release(second.sequence);
    assertEquals(8, pool.free());
    assertEquals(3, pool.idle());
    assertEquals(192, hold(METHOD, prompt, 0).reused, "kept although nobody held them");
  }

  @Test
  void theLastTokenOfAPromptIsAlwaysComputed() {
    int[] whole = Arrays.copyOf(prompt, 128);
    hold(METHOD, whole, 128);
    assertEquals(64, hold(METHOD, whole, 128).reused);
  }

  @Test
  void sharesOnlyWhatHasBeenComputed() {
    hold(METHOD, prompt, 127);
    assertEquals(64, hold(METHOD, prompt, 64).reused);
  }

  @Test
  void aBlockIsItsTokensAndAllBeforeAndTheMethod() {
    hold(METHOD, prompt, 200);
    int[] other = prompt.clone();
    other[70]++;
    assertEquals(64, reused(METHOD, other), "differs in the second page");
    int[] moved = Arrays.copyOfRange(prompt, 64, 200);
    assertEquals(0, reused(METHOD, moved), "the same page at another place");
    assertEquals(0, reused("infllm-v2", prompt), "another method");
  }

  private int reused(String method, int[] tokens) {
    Held held = hold(method, tokens, 0);
    pool.release(held.sequence);
    return held.reused;
  }

  @Test
  void whoComputesTheSameAtTheSameTimeKeepsItsPages() {
    Held first = hold(METHOD, prompt, 0);
    Held second = hold(METHOD, prompt, 0);
    first.sequence.advance(130);
    pool.publish(first.sequence, first.prefix);
    second.sequence.advance(200);
    pool.publish(second.sequence, second.prefix);
    pool.release(first.sequence);
    pool.release(second.sequence);
    assertEquals(3, pool.idle(), "two pages of the first, and the third of the second");
    assertEquals(192, hold(METHOD, prompt, 200).reused);
  }

  @Test
  void pagesThatAreNeededComeFromTheOldestBlocksAndTheEndOfTheirChain() {
    Held first = hold(METHOD, prompt, 200);
    int[] other = Tiny.prompt(new Random(2), 200);
    Held second = hold(METHOD, other, 200);
    pool.release(first.sequence);
    pool.release(second.sequence);
    assertEquals(6, pool.idle());
    Sequence big = new Sequence(Tiny.DENSE_METHOD, 1);
    assertTrue(pool.grow(big, 3), "two free pages and a block");
    assertEquals(5, pool.idle());
    pool.release(big);
    assertEquals(8, pool.free());
    assertEquals(128, hold(METHOD, prompt, 0).reused, "the first's last block had to go");
    assertEquals(192, hold(METHOD, other, 0).reused);
  }
}
