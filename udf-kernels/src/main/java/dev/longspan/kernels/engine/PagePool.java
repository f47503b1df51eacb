package dev.longspan.kernels.engine;

import dev.longspan.kernels.backend.KvStore;
import dev.longspan.kernels.model.Sequence;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/**
 * Who holds which pages of a KV cache, and which pages hold the start of a prompt that may come
 * again.
 *
 * <p>A page full of prompt tokens is a block. Its keys and values depend on all tokens up to its
 * end and on how they attended, so a block is known by its tokens and the block before it: a chain
 * that starts with the attention method. It is compared token by token, a hash only finds it.
 * Blocks that nobody holds are kept until their pages are needed, the one given back first going
 * first; a sequence gives its last page back first, so that a chain shrinks from its end.
 *
 * <p>Of free pages the one given back last is taken first, so that a cache whose memory is only
 * taken when a page is first written stays as small as the work allows.
 */
final class PagePool {
  private final int[] free;
  private int count;
  private final int[] holders;
  private final Block[] blocks;
  private final Map<Block, Integer> pageOf = new HashMap<>();
  private final Set<Integer> idle = new LinkedHashSet<>();
  private final Map<String, Block> roots = new HashMap<>();

  /**
   * A page full of prompt tokens.
   *
   * <p>Equal are blocks with the same tokens after the same block object, so that a block whose
   * predecessor was dropped and computed anew is not found, although it may still be there.
   */
  private record Block(Block before, int[] tokens, int hash) {
    static Block of(Block before, int[] prompt, int from) {
      int[] tokens = Arrays.copyOfRange(prompt, from, from + KvStore.PAGE);
      return new Block(before, tokens, 31 * before.hash + Arrays.hashCode(tokens));
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Block block
          && block.before == before
          && Arrays.equals(block.tokens, tokens);
    }

    @Override
    public int hashCode() {
      return hash;
    }
  }

  /** How far the prompt of a sequence is known as blocks. */
  static final class Prefix {
    private final int[] prompt;
    private Block last;
    private int tokens;

    private Prefix(int[] prompt, Block root) {
      this.prompt = prompt;
      last = root;
    }
  }

  /** Creates a pool of the pages 0 to {@code pages - 1}, all free. */
  PagePool(int pages) {
    free = new int[pages];
    for (int i = 0; i < pages; i++) {
      free[i] = pages - 1 - i;
    }
    count = pages;
    holders = new int[pages];
    blocks = new Block[pages];
  }

  /** Returns the pages that {@code tokens} tokens take. */
  static int pagesFor(int tokens) {
    return (tokens + KvStore.PAGE - 1) / KvStore.PAGE;
  }

  /** Returns the number of pages that nobody holds. */
  int free() {
    return count + idle.size();
  }

  /** Returns how many of the {@link #free} pages are blocks that may come again. */
  int idle() {
    return idle.size();
  }

  /** Adds free pages to {@code sequence} until it has {@code pages}; false if they run out. */
  boolean grow(Sequence sequence, int pages) {
    while (sequence.pageCount() < pages) {
      int page = take();
      if (page < 0) {
        return false;
      }
      holders[page] = 1;
      sequence.addPage(page);
    }
    return true;
  }

  private int take() {
    if (count > 0) {
      return free[--count];
    }
    Iterator<Integer> oldest = idle.iterator();
    if (!oldest.hasNext()) {
      return -1;
    }
    int page = oldest.next();
    oldest.remove();
    pageOf.remove(blocks[page]);
    blocks[page] = null;
    return page;
  }

  /**
   * Gives an empty sequence the pages that hold the start of its prompt already, and advances it.
   *
   * @param method what the keys and values depend on beside the tokens
   * @param most tokens that may be taken from the cache; whole pages of them are
   */
  Prefix share(Sequence sequence, String method, int[] prompt, int most) {
    Block root = roots.computeIfAbsent(method, m -> new Block(null, new int[0], m.hashCode()));
    Prefix prefix = new Prefix(prompt, root);
    while (prefix.tokens + KvStore.PAGE <= most) {
      Integer page = pageOf.get(Block.of(prefix.last, prompt, prefix.tokens));
      if (page == null) {
        break;
      }
      if (holders[page]++ == 0) {
        idle.remove(page);
      }
      sequence.addPage(page);
      sequence.advance(KvStore.PAGE);
      prefix.last = blocks[page];
      prefix.tokens += KvStore.PAGE;
    }
    return prefix;
  }

  /** Makes the blocks known that the sequence has completed since the last call. */
  void publish(Sequence sequence, Prefix prefix) {
    int end = Math.min(sequence.length(), prefix.prompt.length);
    for (; prefix.tokens + KvStore.PAGE <= end; prefix.tokens += KvStore.PAGE) {
      int page = sequence.page(prefix.tokens / KvStore.PAGE);
      Block block = Block.of(prefix.last, prefix.prompt, prefix.tokens);
      Integer known = pageOf.putIfAbsent(block, page);
      if (known == null) {
        blocks[page] = block;
        prefix.last = block;
      } else {
        // Somebody else was faster: this page stays private, what follows is chained to theirs.
        prefix.last = blocks[known];
      }
    }
  }

  /** Takes back the pages of a sequence that is not used any more. */
  void release(Sequence sequence) {
    for (int i = sequence.pageCount() - 1; i >= 0; i--) {
      int page = sequence.page(i);
      if (--holders[page] > 0) {
        continue;
      }
      if (blocks[page] == null) {
        free[count++] = page;
      } else {
        idle.add(page);
      }
    }
  }
}
