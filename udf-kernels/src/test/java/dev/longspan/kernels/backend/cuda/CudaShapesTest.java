package dev.longspan.kernels.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.RopeConfig;
import dev.longspan.kernels.model.SparseConfig;
import org.junit.jupiter.api.Test;

class CudaShapesTest {
  private static ModelConfig config(int hidden, int heads, int kvHeads, int dim, int vocab) {
    return new ModelConfig(
        "MiniCPMForCausalLM",
        hidden,
        704,
        2,
        heads,
        kvHeads,
        dim,
        vocab,
        4096,
        1e-5f,
        RopeConfig.plain(10_000, dim),
        1,
        1,
        1,
        true,
        false,
        false,
        false,
        null);
  }

  private static void refuses(String why, ModelConfig config) {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> CudaShapes.check(config));
    assertEquals(
        "backend cuda cannot run this model, which has " + why + "; use the vector backend",
        e.getMessage());
  }

  @Test
  void takesReleasedShapes() {
    assertDoesNotThrow(() -> CudaShapes.check(config(4096, 32, 2, 128, 73_448)));
    assertDoesNotThrow(() -> CudaShapes.check(config(1024, 16, 2, 64, 73_448)));
    assertDoesNotThrow(() -> CudaShapes.check(config(3584, 28, 4, 128, 152_064)));
  }

  @Test
  void refusesWhatTheKernelsDoNotHave() {
    refuses("heads of 80 elements: the kernels have 64 and 128", config(2560, 32, 32, 80, 32_000));
    refuses(
        "32 query heads for each KV head: the kernels have up to 16",
        config(4096, 32, 1, 128, 32_000));
    refuses(
        "hidden size 100 and intermediate size 704: both must be multiples of 8",
        config(100, 2, 2, 64, 32_000));
    refuses(
        "a vocabulary of 300000 tokens: sampling has up to 262144",
        config(4096, 32, 2, 128, 300_000));
    refuses(
        "InfLLM-V2 with kernel_size 16 and kernel_stride 8: the cache is laid out for 32 and 16",
        config(4096, 32, 2, 128, 32_000)
            .withSparse(new SparseConfig(16, 8, 1, 64, 64, 4, 0, true, false)));
  }
}
