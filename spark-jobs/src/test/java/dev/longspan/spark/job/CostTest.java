package dev.longspan.spark.job;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.ModelConfigReader;
import dev.longspan.spark.TinyModel;
import org.junit.jupiter.api.Test;

class CostTest {
  private final ModelConfig config = ModelConfigReader.read(TinyModel.pocket());

  private Cost cost(String method) {
    return Cost.of(config, new MethodSpec(method, null, null, null).method(config));
  }

  @Test
  void denseGrowsQuadraticallyAndSparseAlmostLinearly() {
    double dense = cost("dense").of(32768, 1) / cost("dense").of(16384, 1);
    double sparse = cost("infllm-v2").of(32768, 1) / cost("infllm-v2").of(16384, 1);

    assertTrue(dense > 3, "dense grows by " + dense);
    assertTrue(sparse > 2 && sparse < 2.5, "infllm-v2 grows by " + sparse);
  }

  @Test
  void belowTheSwitchBothMethodsAreDense() {
    assertEquals(cost("dense").of(4095, 9), cost("infllm-v2").of(4095, 9));
    assertTrue(cost("infllm-v2").of(4096, 9) < cost("dense").of(4096, 9));
  }

  @Test
  void aGeneratedTokenCostsMoreThanOneOfThePrompt() {
    Cost cost = cost("dense");
    double prompt = cost.of(1001, 0) - cost.of(1000, 0);
    double generated = cost.of(1000, 1) - cost.of(1000, 0);
    assertTrue(generated > prompt, generated + " against " + prompt);
  }
}
