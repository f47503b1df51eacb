package dev.longspan.kernels.attention;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.SparseConfig;
import dev.longspan.kernels.model.TestModels;
import org.junit.jupiter.api.Test;

class AttentionMethodsTest {
  private final ModelConfig config = TestModels.config(2, 4, 32);

  @Test
  void knowsEveryNameItLists() {
    for (String name : AttentionMethods.NAMES) {
      assertEquals(name, AttentionMethods.parse(name, config).name());
    }
  }

  @Test
  void takesTheModelsOwnSettings() {
    InfLlmV2 method = assertInstanceOf(InfLlmV2.class, AttentionMethods.parse("infllm-v2", config));
    assertEquals(TestModels.SPARSE, method.config());
    assertEquals(
        "infllm-v2 kernel=32 stride=16 block=64 init=1 window=64 topk=4 dense_len=0 lse=exact",
        method.describe());
  }

  @Test
  void takesThoseOfMiniCpm4WhereTheModelHasNone() {
    InfLlmV2 method =
        assertInstanceOf(
            InfLlmV2.class, AttentionMethods.parse("infllm-v2", config.withSparse(null)));
    assertEquals(SparseConfig.MINICPM4, method.config());
  }

  @Test
  void describesWhatChangesResults() {
    SparseConfig settings = SparseConfig.MINICPM4.withRoundScores(true);
    assertEquals(
        "infllm-v2 kernel=32 stride=16 block=64 init=1 window=2048 topk=64 dense_len=8192"
            + " lse=coarse scores=bf16",
        new InfLlmV2(settings).describe());
    assertEquals("dense", new DenseAttention().describe());
  }

  @Test
  void promptsShareACacheWhereTheyAttendAlike() {
    InfLlmV2 method = new InfLlmV2(SparseConfig.MINICPM4);
    assertEquals(method.cacheKey(1), method.cacheKey(8191), "short prompts attend densely");
    assertNotEquals(method.cacheKey(8191), method.cacheKey(8192), "a long one does not");
    assertNotEquals(
        new DenseAttention().cacheKey(1),
        method.cacheKey(1),
        "methods that are compared share none");
    assertEquals(
        new InfLlmV2(SparseConfig.MINICPM4.withDenseLength(100)).cacheKey(8192),
        method.cacheKey(8192),
        "the length that switches does not matter beyond it");
    assertNotEquals(
        new InfLlmV2(SparseConfig.MINICPM4.withExactNormaliser(true)).cacheKey(8192),
        method.cacheKey(8192));
  }

  @Test
  void explainsTheCountsThatFollow() {
    assertEquals(
        "each query and KV head attends to at most 96 blocks of 64 tokens = 6144 tokens"
            + " (topk 64 + window 2048 / block 64): 1 initial, 33 local (the current and 32"
            + " before), 62 by score; sequences below 8192 tokens are dense; coarse normaliser",
        AttentionMethods.explain(SparseConfig.MINICPM4));
  }

  @Test
  void refusesAnUnknownNameWithTheKnownOnes() {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> AttentionMethods.parse("flash", config));
    assertEquals(
        "attention method 'flash' is unknown; use one of dense, infllm-v2", e.getMessage());
  }
}
