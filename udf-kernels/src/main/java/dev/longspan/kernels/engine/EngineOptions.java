package dev.longspan.kernels.engine;

import dev.longspan.kernels.backend.KvStore;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.SparseConfig;
import java.util.Locale;

/**
 * Limits of an engine.
 *
 * <p>No limit changes an answer: they decide how many requests run side by side, how much memory
 * they take, and how long a running answer waits for the prompt of another.
 *
 * @param cachePages KV pages of 64 tokens that all running requests share; a request whose prompt
 *     and answer need more is refused
 * @param chunkTokens most prompt tokens in one step: small values keep running answers fluent,
 *     large ones make prefill faster
 * @param maxSequences most requests running at the same time; a step has at most {@code
 *     maxSequences + chunkTokens} rows
 */
public record EngineOptions(int cachePages, int chunkTokens, int maxSequences) {

  /** Prompt tokens in one step unless told otherwise. */
  public static final int DEFAULT_CHUNK_TOKENS = 512;

  /** Requests running at the same time unless told otherwise. */
  public static final int DEFAULT_MAX_SEQUENCES = 32;

  /**
   * Checks the limits.
   *
   * @throws IllegalArgumentException if one of them is below 1
   */
  public EngineOptions {
    atLeastOne("cachePages", cachePages);
    atLeastOne("chunkTokens", chunkTokens);
    atLeastOne("maxSequences", maxSequences);
  }

  /**
   * Returns the default limits with a cache that takes at most {@code memoryBytes}.
   *
   * <p>The cache is never larger than {@code maxSequences} contexts of the model.
   *
   * @throws IllegalArgumentException if the memory does not hold one page
   */
  public static EngineOptions forModel(ModelConfig config, long memoryBytes) {
    long pageBytes = pageBytes(config);
    if (memoryBytes < pageBytes) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "%,d bytes are too few for a KV cache: one page of %d tokens of this model takes %,d"
                  + " bytes, a whole context of %,d tokens %,d bytes; give more memory",
              memoryBytes,
              KvStore.PAGE,
              pageBytes,
              config.maxPositions(),
              PagePool.pagesFor(config.maxPositions()) * pageBytes));
    }
    long useful = (long) DEFAULT_MAX_SEQUENCES * PagePool.pagesFor(config.maxPositions());
    long pages = Math.min(memoryBytes / pageBytes, Math.min(useful, Integer.MAX_VALUE));
    return new EngineOptions((int) pages, DEFAULT_CHUNK_TOKENS, DEFAULT_MAX_SEQUENCES);
  }

  /** Returns the default limits with a cache of at most half of this JVM's heap. */
  public static EngineOptions forModel(ModelConfig config) {
    return forModel(config, Runtime.getRuntime().maxMemory() / 2);
  }

  /**
   * Returns the bytes of one page of 64 tokens: keys, values and compressed keys of all layers in
   * float32.
   */
  public static long pageBytes(ModelConfig config) {
    SparseConfig sparse = config.sparseOrDefault();
    long vectors = 2L * KvStore.PAGE + slots(sparse.kernelStride()) + slots(sparse.coarseStride());
    return vectors * config.layers() * config.kvHeads() * config.headDim() * Float.BYTES;
  }

  /** Returns a copy with another cache size. */
  public EngineOptions withCachePages(int pages) {
    return new EngineOptions(pages, chunkTokens, maxSequences);
  }

  /** Returns a copy with another prefill chunk. */
  public EngineOptions withChunkTokens(int tokens) {
    return new EngineOptions(cachePages, tokens, maxSequences);
  }

  /** Returns a copy with another bound of running requests. */
  public EngineOptions withMaxSequences(int sequences) {
    return new EngineOptions(cachePages, chunkTokens, sequences);
  }

  private static int slots(int stride) {
    return (KvStore.PAGE + stride - 1) / stride;
  }

  private static void atLeastOne(String name, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(name + " is " + value + ": it must be at least 1");
    }
  }
}
