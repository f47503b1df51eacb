package dev.longspan.kernels.engine;

import dev.longspan.kernels.backend.Decoder;
import dev.longspan.kernels.backend.KvStore;
import dev.longspan.kernels.model.Model;
import dev.longspan.kernels.model.ModelConfig;
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

  /** Returns the limits that suit a model's backend, with all the memory that it gives a cache. */
  public static EngineOptions forModel(Model model) {
    return forModel(model, null, null);
  }

  /**
   * Returns limits with all the memory that the model's backend gives a cache.
   *
   * <p>The cache is never larger than {@code maxSequences} contexts of the model.
   *
   * @param chunkTokens null for what suits the backend
   * @param maxSequences null for {@value #DEFAULT_MAX_SEQUENCES}
   * @throws IllegalArgumentException if the memory does not hold one page
   */
  public static EngineOptions forModel(Model model, Integer chunkTokens, Integer maxSequences) {
    int chunk = chunkTokens == null ? model.backend().driving().promptRows() : chunkTokens;
    int sequences = maxSequences == null ? DEFAULT_MAX_SEQUENCES : maxSequences;
    EngineOptions limits = new EngineOptions(1, chunk, sequences);
    Decoder decoder = model.decoder();
    long memory = decoder.cacheBytes(limits.rows());
    return limits.withCachePages(pages(model.config(), decoder.pageBytes(), memory, sequences));
  }

  static int pages(ModelConfig config, long pageBytes, long memoryBytes, int sequences) {
    int context = PagePool.pagesFor(config.maxPositions());
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
              context * pageBytes));
    }
    long useful = (long) sequences * context;
    return (int) Math.min(memoryBytes / pageBytes, Math.min(useful, Integer.MAX_VALUE));
  }

  /** Returns the most rows of a step. */
  int rows() {
    return Math.addExact(maxSequences, chunkTokens);
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

  private static void atLeastOne(String name, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(name + " is " + value + ": it must be at least 1");
    }
  }
}
