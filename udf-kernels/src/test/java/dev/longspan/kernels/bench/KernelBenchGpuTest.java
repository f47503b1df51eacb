package dev.longspan.kernels.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.kernels.backend.cuda.device.GpuTest;
import dev.longspan.kernels.model.SparseConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The benches of kernels run, and say what they have measured; how fast is not their tests'. */
@GpuTest
class KernelBenchGpuTest {
  private static final HeadLayout HEADS = new HeadLayout(16, 2, 64);
  private static final SparseConfig SPARSE =
      new SparseConfig(32, 16, 1, 64, 128, 6, 0, false, false);

  @Test
  void prefillGivesStagesAndHowMuchAdjacentTokensAgree() {
    List<BenchRecord> records = attention("prefill", List.of(1000, 4000));
    assertEquals(
        List.of(
            "prefill dense 1000 16/2x64 random",
            "prefill infllm-v2 1000 16/2x64 topk8 random",
            "prefill dense 4000 16/2x64 random",
            "prefill infllm-v2 4000 16/2x64 topk8 random",
            "prefill dense 1000 16/2x64 clustered",
            "prefill infllm-v2 1000 16/2x64 topk8 clustered",
            "prefill dense 4000 16/2x64 clustered",
            "prefill infllm-v2 4000 16/2x64 topk8 clustered"),
        records.stream().map(BenchRecord::name).toList());
    for (BenchRecord record : records) {
      assertEquals("ms", record.unit());
      assertEquals(3, record.runs());
      assertTrue(record.low() > 0 && record.low() <= record.ours(), record.toString());
    }
    BenchRecord dense = records.get(2);
    BenchRecord sparse = records.get(3);
    assertEquals(List.of("rope+store", "attend"), List.copyOf(dense.details().keySet()));
    assertEquals(
        List.of("rope+store", "compress", "select", "attend", "union"),
        List.copyOf(sparse.details().keySet()));
    assertEquals(Map.of("ours-dense", dense.ours()), sparse.peers());
    double random = sparse.details().get("union");
    double clustered = records.get(7).details().get("union");
    assertTrue(random > 1.5, "random tokens agree too much: " + random);
    assertTrue(clustered >= 1 && clustered < 0.8 * random, random + " and " + clustered);
  }

  @Test
  void decodeReadsLessWhereItSelects() {
    List<BenchRecord> records = attention("decode", List.of(300, 5000));
    assertEquals(8, records.size());
    assertEquals("decode dense 3 x 300 16/2x64 random", records.get(0).name());
    assertEquals("decode infllm-v2 3 x 5000 16/2x64 topk8 random", records.get(3).name());
    assertTrue(records.stream().allMatch(r -> r.ours() > 0 && r.rate().endsWith(" GB/s")));
  }

  @Test
  void productsAreMeasuredAsThoseOfAnswersAndOfPrompts() {
    List<BenchRecord> records = new ArrayList<>();
    GemmBench.run(
        new GemmBench.Options(
            BenchModel.config("pocket"), List.of(3, 200), 2, 1, "0", "bench gemm"),
        records::add);
    assertEquals(
        List.of(
            "qkv 3 x 256 x 512",
            "output 3 x 256 x 256",
            "gate-up 3 x 256 x 1408",
            "down 3 x 704 x 256",
            "head 3 x 256 x 8192",
            "qkv 200 x 256 x 512",
            "output 200 x 256 x 256",
            "gate-up 200 x 256 x 1408",
            "down 200 x 704 x 256"),
        records.stream().map(BenchRecord::name).toList());
    assertTrue(records.get(0).rate().endsWith(" GB/s"), records.get(0).rate());
    assertTrue(records.get(5).rate().endsWith("FLOP/s"), records.get(5).rate());
    assertEquals(Map.of(), records.get(1).details());
    assertTrue(records.get(6).details().get("alone") > 0, records.get(6).toString());
    assertTrue(records.stream().allMatch(r -> r.ours() > 0 && r.runs() == 2));
  }

  @Test
  void crossoverEndsWithTheLengthToSet() {
    List<BenchRecord> records = new ArrayList<>();
    CrossoverBench.run(
        new CrossoverBench.Options(
            HEADS, SPARSE, 8192, List.of(2), List.of("clustered"), 1, 1, "0", "bench crossover"),
        records::add);
    assertEquals(
        List.of(
            "prefill clustered 16/2x64 topk8",
            "decode batch 2 clustered 16/2x64 topk8",
            "dense_len 16/2x64 topk8"),
        records.stream().map(BenchRecord::name).toList());
    assertEquals(Math.max(records.get(0).ours(), records.get(1).ours()), records.get(2).ours());
    assertTrue(records.get(2).rate().matches("set --dense-len \\d+|use --attention dense.*"));
  }

  private static List<BenchRecord> attention(String phase, List<Integer> lengths) {
    List<BenchRecord> records = new ArrayList<>();
    AttentionBench.run(
        new AttentionBench.Options(
            List.of(phase),
            HEADS,
            SPARSE,
            lengths,
            List.of(3),
            List.of("random", "clustered"),
            3,
            1,
            "0",
            "bench attention"),
        records::add);
    return records;
  }
}
