package dev.longspan.kernels.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.kernels.backend.scalar.ScalarBackend;
import dev.longspan.kernels.model.Model;
import dev.longspan.kernels.model.ModelConfig;
import org.junit.jupiter.api.Test;

class EngineOptionsTest {
  private final ModelConfig config = Tiny.config();

  @Test
  void aPageHoldsKeysValuesAndCompressedKeysOfAllLayers() {
    try (Model model = Tiny.model(new ScalarBackend())) {
      // 64 keys, 64 values, 4 fine and 1 coarse key, in 2 layers of 2 heads of 8 floats
      assertEquals((64 + 64 + 4 + 1) * 2 * 2 * 8 * 4, model.decoder().pageBytes());
    }
  }

  @Test
  void takesAsManyPagesAsTheMemoryHoldsAndTheModelCanUse() {
    assertEquals(1, EngineOptions.pages(config, 1_000, 1_000, 4));
    assertEquals(9, EngineOptions.pages(config, 1_000, 9_999, 4));
    int context = PagePool.pagesFor(config.maxPositions());
    assertEquals(4 * context, EngineOptions.pages(config, 1_000, Long.MAX_VALUE, 4));
    try (Model model = Tiny.model(new ScalarBackend())) {
      assertEquals(
          new EngineOptions(32 * context, 512, 32),
          EngineOptions.forModel(model),
          "half the heap is more than it can use");
      assertEquals(new EngineOptions(2 * context, 7, 2), EngineOptions.forModel(model, 7, 2));
    }
  }

  @Test
  void refusesLessThanOnePageWithTheNumbers() {
    var e =
        assertThrows(
            IllegalArgumentException.class, () -> EngineOptions.pages(config, 17_024, 1_000, 4));
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
