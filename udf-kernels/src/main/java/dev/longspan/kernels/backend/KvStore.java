package dev.longspan.kernels.backend;

import dev.longspan.kernels.attention.KvView;
import dev.longspan.kernels.model.Sequence;

/**
 * K, V and compressed keys of every layer in pages of 64 tokens.
 *
 * <p>A compressed key lives in the page of its window's last token, so that a page depends on
 * earlier pages only and can be shared between sequences with a common prefix.
 */
public interface KvStore extends AutoCloseable {
  /** Tokens in a page: the block of InfLLM-V2. */
  int PAGE = 64;

  /** Returns the number of pages. */
  int pages();

  /** Returns read access to one layer of {@code sequence}, for plain references and tests. */
  KvView view(Sequence sequence, int layer);

  @Override
  void close();
}
