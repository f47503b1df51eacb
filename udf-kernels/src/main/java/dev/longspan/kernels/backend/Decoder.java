package dev.longspan.kernels.backend;

import dev.longspan.kernels.model.Pending;
import dev.longspan.kernels.model.Step;

/**
 * A model's weights on a device and the way through them.
 *
 * <p>{@link dev.longspan.kernels.model.Model} checks what it hands in, and advances the sequences.
 */
public interface Decoder extends AutoCloseable {
  /**
   * Prepares for steps of at most {@code rows} rows, so that none of them has to allocate; larger
   * ones may come nevertheless.
   */
  void reserve(int rows);

  /** Returns the bytes of a page of 64 tokens: keys, values and compressed keys of all layers. */
  long pageBytes();

  /** Returns the bytes that a cache may take beside steps of at most {@code rows} rows. */
  long cacheBytes(int rows);

  /** Returns an empty cache; its memory may be taken as pages are first written. */
  KvStore kvStore(int pages);

  /**
   * Starts a step: embedding, layers, and what its picks ask for. Steps run in the order of their
   * launch.
   */
  Pending launch(Step step, KvStore kv);

  @Override
  void close();
}
