package dev.longspan.kernels.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.longspan.kernels.attention.InfLlmV2;
import dev.longspan.kernels.backend.cuda.BenchDecode;
import dev.longspan.kernels.backend.cuda.BenchProducts.Product;
import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.SparseConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** What of the benches of kernels needs no GPU. */
class KernelBenchTest {
  private static final HeadLayout HEADS = new HeadLayout(32, 2, 128);
  private static final SparseConfig SPARSE = SparseConfig.MINICPM4;

  @Test
  void headLayoutsAreReadAndChecked() {
    assertEquals(HEADS, HeadLayout.parse("32/2x128"));
    assertEquals(HEADS, HeadLayout.of(BenchModel.config("minicpm4.1-8b")));
    assertEquals("16/2x64", HeadLayout.parse("16/2x64").toString());
    assertMessage(
        "heads '32/2': write query heads / KV heads x elements, such as 32/2x128",
        () -> HeadLayout.parse("32/2"));
    assertMessage(
        "heads 32/1x128: the query heads must be 1 to 16 times the KV heads",
        () -> HeadLayout.parse("32/1x128"));
    assertMessage(
        "heads 32/2x96: the kernels have heads of 64 and of 128 elements",
        () -> HeadLayout.parse("32/2x96"));
  }

  @Test
  void wrongOptionsAreNamed() {
    assertMessage(
        "phase 'decoding' is unknown; use some of prefill, decode", attention("decoding"));
    assertMessage(
        "inputs 'text' are unknown; use some of random, clustered",
        attention("prefill", "text", 1));
    assertMessage("batch is 65 but must be from 1 to 64", attention("decode", "random", 65));
    assertMessage(
        "longest is 100 but must be at least 1024",
        () -> new CrossoverBench.Options(HEADS, SPARSE, 100, List.of(), List.of(), 1, 0, "0", ""));
  }

  @Test
  void productsHaveTheSizesOfTheModel() {
    ModelConfig model = BenchModel.config("minicpm4.1-8b");
    assertEquals(
        List.of(
            "qkv 4096 x 4608",
            "output 4096 x 4096",
            "gate-up 4096 x 32768",
            "down 16384 x 4096",
            "head 4096 x 73448"),
        Arrays.stream(Product.values())
            .map(p -> p + " " + p.inputs(model) + " x " + p.outputs(model))
            .toList());
  }

  @Test
  void denseLenOverridesTheModel() {
    try (BenchModel model = BenchModel.random("pocket", "scalar")) {
      assertFalse(((InfLlmV2) model.method("infllm-v2")).isSparse(1000));
      model.setDenseLength(1000);
      assertTrue(((InfLlmV2) model.method("infllm-v2")).isSparse(1000));
      assertFalse(((InfLlmV2) model.method("infllm-v2")).isSparse(999));
      assertMessage("dense-len is -1 but must be at least 0", () -> model.setDenseLength(-1));
    }
  }

  private static Executable attention(String phase) {
    return attention(phase, "random", 1);
  }

  private static Executable attention(String phase, String inputs, int batch) {
    return () ->
        new AttentionBench.Options(
            List.of(phase), HEADS, SPARSE, null, List.of(batch), List.of(inputs), 1, 0, "0", "");
  }

  @Test
  void whereThereIsNoGpuItSaysWhy() {
    assumeTrue(Device.refusal("0") != null, "there is a GPU");
    String message =
        assertThrows(IllegalArgumentException.class, () -> Gpus.open("attention", "0"))
            .getMessage();
    assertEquals(
        "bench attention measures GPU kernels, but none can run here: " + Device.refusal("0"),
        message);
  }

  @Test
  void decodeCountsTheBytesOfWhatIsSelected() {
    ModelConfig layer = HEADS.layer(SPARSE);
    assertEquals(131072 * 1024L, BenchDecode.readBytes(layer, 131072, false));
    // 96 blocks of keys and values; a fine key for each 16 tokens, a coarse one for each 64.
    assertEquals(
        96 * 64 * 1024L + (131072 / 16 + 131072 / 64) * 512L,
        BenchDecode.readBytes(layer, 131072, true));
    assertEquals(6000 * 1024L, BenchDecode.readBytes(layer, 6000, true));
  }

  @Test
  void crossoverFindsTheFirstLengthThatWins() {
    List<Integer> measured = new ArrayList<>();
    CrossoverBench.Crossing crossing =
        CrossoverBench.search(6144, 131072, winsFrom(19_000, measured));
    assertEquals(19 * 1024, crossing.tokens());
    assertEquals(131072, measured.get(0));
    assertTrue(measured.size() < 10, "measured at " + measured);
    assertEquals(7168, CrossoverBench.search(6144, 131072, winsFrom(0, measured)).tokens());
    assertNull(CrossoverBench.search(6144, 131072, winsFrom(200_000, measured)));
    assertNull(CrossoverBench.search(6144, 6144, winsFrom(0, measured)));
  }

  private static IntFunction<CrossoverBench.Times> winsFrom(int length, List<Integer> measured) {
    return tokens -> {
      measured.add(tokens);
      return new CrossoverBench.Times(tokens, length + 0.5);
    };
  }

  @Test
  void figuresKeepFourDigits() {
    assertEquals(0.7751, BenchRecord.rounded(0.775123));
    assertEquals(14.52, BenchRecord.rounded(14.5234));
    assertEquals(252.6, BenchRecord.rounded(252.6123));
    assertEquals(30123.5, BenchRecord.rounded(30123.456));
    assertEquals(0, BenchRecord.rounded(0));
  }

  private static void assertMessage(String message, Executable call) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, call).getMessage());
  }
}
