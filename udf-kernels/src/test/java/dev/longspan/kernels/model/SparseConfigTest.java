package dev.longspan.kernels.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SparseConfigTest {
  @Test
  void derivesTheCountsOfMiniCpm4() {
    assertEquals(96, SparseConfig.MINICPM4.selectedBlocks());
    assertEquals(32, SparseConfig.MINICPM4.localBlocks());
    assertEquals(128, SparseConfig.MINICPM4.coarseSize());
    assertEquals(64, SparseConfig.MINICPM4.coarseStride());
  }

  @ParameterizedTest
  @CsvSource({
    "32, 16, 1, 128, 2048, 64, block_size must be 64",
    "40, 16, 1, 64, 2048, 64, kernel_size must be a multiple of kernel_stride",
    "0, 0, 1, 64, 2048, 64, kernel_size must be a multiple of kernel_stride",
    "64, 32, 1, 64, 2048, 64, block_size must be a multiple of the coarse stride",
    "32, 16, 1, 64, 100, 64, window_size must be a multiple of block_size",
    "32, 16, 4, 64, 2048, 4, topk must be at least init_blocks + 1",
  })
  void refusesSettingsThatDoNotFit(
      int kernel, int stride, int init, int block, int window, int topk, String rule) {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> new SparseConfig(kernel, stride, init, block, window, topk, 0, true, false));
    assertTrue(e.getMessage().startsWith(rule), e.getMessage());
    assertTrue(
        e.getMessage()
            .contains(
                String.format(
                    "Found kernel_size %d, kernel_stride %d, block_size %d, window_size %d,"
                        + " init_blocks %d, topk %d; derived: ",
                    kernel, stride, block, window, init, topk)),
        e.getMessage());
  }
}
