package dev.longspan.kernels.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CudaOptionsTest {
  @ParameterizedTest
  @ValueSource(doubles = {0, -0.1, 1.01, Double.NaN})
  void aFractionOutsideItsRangeIsRefused(double fraction) {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> new CudaOptions("0", fraction));
    assertEquals("GPU memory fraction " + fraction + ": use above 0 and at most 1", e.getMessage());
  }

  @Test
  void aBlankGpuIsRefused() {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> new CudaOptions(" ", 0.9));
    assertEquals("the GPU is blank; use an ordinal, a UUID or a PCI bus id", e.getMessage());
    assertEquals(1, new CudaOptions("GPU-aaaa", 1).memoryFraction());
  }
}
