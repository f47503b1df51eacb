package dev.longspan.kernels.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.kernels.model.ModelConfig;
import org.junit.jupiter.api.Test;

class EngineOptionsTest {
  private final ModelConfig config = Tiny.config();

  @Test
  void aPageHoldsKeysValuesAndCompressedKeysOfAllLayers() {
    // 64 keys, 64 values, 4 fine and 1 coarse key, in 2 layers of 2 heads of 8 floats
    assertEquals((64 + 64 + 4 + 1) * 2 * 2 * 8 * 4, EngineOptions.pageBytes(config));
  }

  @Test
  void takesAsManyPagesAsTheMemoryHoldsAndTheModelCanUse() {
    long page = EngineOptions.pageBytes(config);
    assertEquals(1, EngineOptions.forModel(config, page).cachePages());
    assertEquals(9, EngineOptions.forModel(config, 10 * page - 1).cachePages());
    EngineOptions all = EngineOptions.forModel(config, Long.MAX_VALUE);
    assertEquals(all.maxSequences() * PagePool.pagesFor(config.maxPositions()), all.cachePages());
    assertEquals(all, EngineOptions.forModel(config), "half the heap is more than it can use");
  }

  @Test
  void refusesLessThanOnePageWithTheNumbers() {
    var e =
        assertThrows(IllegalArgumentException.class, () -> EngineOptions.forModel(config, 1_000));
    assertTrue(
        e.getMessage().startsWith("1,000 bytes are too few for a KV cache: one page of 64 tokens")
            && e.getMessage().contains("17,024 bytes")
            && e.getMessage().endsWith("give more memory"),
        e.getMessage());
  }

  @Test
  void refusesLimitsBelowOne() {
    EngineOptions options = new EngineOptions(1, 1, 1);
    for (Runnable wrong :
        new Runnable[] {
          () -> options.withCachePages(0),
          () -> options.withChunkTokens(-3),
          () -> options.withMaxSequences(0)
        }) {
      var e = assertThrows(IllegalArgumentException.class, wrong::run);
      assertTrue(
          e.getMessage().matches("(cachePages|chunkTokens|maxSequences) is (0|-3): .*at least 1"),
          e.getMessage());
    }
  }
}
