package dev.longspan.kernels.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RecordTableTest {
  @TempDir private Path temp;

  private static BenchRecord record(
      String name,
      double ours,
      String unit,
      Map<String, Double> peers,
      String rate,
      Map<String, Double> details) {
    return new BenchRecord(
        "attention",
        name,
        ours,
        unit,
        peers,
        rate,
        ours,
        ours,
        5,
        details,
        "GPU X",
        "580.1",
        "abc1234",
        "2026-11-30",
        "bin/longspan bench attention");
  }

  private static Map<String, Double> stages(double select, double attend) {
    Map<String, Double> stages = new LinkedHashMap<>();
    stages.put("select", select);
    stages.put("attend", attend);
    return stages;
  }

  @Test
  void aTableForEachUnitWithAColumnForEachStageAndPeer() throws IOException {
    Path file = temp.resolve("gpu/x/2026-11-30-attention.jsonl");
    Files.createDirectories(file.getParent());
    Files.write(
        file,
        List.of(
            record(
                    "prefill dense 131072",
                    215.04,
                    "ms",
                    Map.of("torch-cudnn", 252.6),
                    "655.0 TFLOP/s",
                    Map.of("attend", 215.04))
                .toJson(),
            record(
                    "prefill infllm-v2 131072",
                    53,
                    "ms",
                    Map.of("ours-dense", 215.04),
                    "249.1 TFLOP/s",
                    stages(10.6, 41.25))
                .toJson(),
            record("decode dense", 1500, "tokens/s", Map.of("y", 1000.0), "", Map.of()).toJson()));
    assertEquals(
        """
        **attention**, ms, on GPU X, driver 580.1, 2026-11-30, commit abc1234: `bin/longspan bench attention`

        | case | ours | attend | select | torch-cudnn | ours-dense | rate |
        |---|---:|---:|---:|---:|---:|---:|
        | prefill dense 131072 | 215 | 215 |  | 253 (1.17x) |  | 655.0 TFLOP/s |
        | prefill infllm-v2 131072 | 53.0 | 41.3 | 10.6 |  | 215 (4.06x) | 249.1 TFLOP/s |

        **attention**, tokens/s, on GPU X, driver 580.1, 2026-11-30, commit abc1234: `bin/longspan bench attention`

        | case | ours | y | rate |
        |---|---:|---:|---:|
        | decode dense | 1,500 | 1,000 (1.50x) |  |
        """,
        RecordTable.of(List.of(temp)));
  }

  @Test
  void wrongFilesAreNamed() throws IOException {
    Path file = Files.writeString(temp.resolve("a.jsonl"), "\n{\"bench\":\"x\"}\n");
    assertEquals(
        file + ", line 2 is no benchmark record: it has no 'case'",
        assertThrows(IllegalArgumentException.class, () -> RecordTable.of(List.of(file)))
            .getMessage());
    Path text = Files.writeString(temp.resolve("b.jsonl"), "hello");
    assertTrue(
        assertThrows(IllegalArgumentException.class, () -> RecordTable.of(List.of(text)))
            .getMessage()
            .startsWith(text + ", line 1 is no JSON: "));
  }

  @Test
  void theRecordsOfThisRepositoryCanBeRendered() {
    String tables = RecordTable.of(List.of(Path.of("benchmarks")));
    assertTrue(tables.contains("| pocket infllm-v2 16384 |"), tables);
  }
}
