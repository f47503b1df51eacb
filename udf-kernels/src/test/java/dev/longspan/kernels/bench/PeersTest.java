package dev.longspan.kernels.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PeersTest {
  @TempDir private Path temp;

  private static BenchRecord record(String bench, String name, String unit) {
    return new BenchRecord(
        bench,
        name,
        50,
        unit,
        Map.of("ours-dense", 200.0),
        "",
        49,
        51,
        3,
        "GPU",
        "c",
        "d",
        "bench");
  }

  private Peers peers(String... lines) throws IOException {
    return Peers.read(Files.writeString(temp.resolve("peers.jsonl"), String.join("\n", lines)));
  }

  @Test
  void joinWhatNamesTheSameCase() throws IOException {
    Peers peers =
        peers(
            "{\"bench\":\"attention\",\"case\":\"prefill 131072 32/2x128\",\"unit\":\"ms\","
                + "\"peers\":{\"torch-cudnn\":252.6,\"torch-flash2\":426}}",
            "",
            "{\"bench\":\"attention\",\"case\":\"decode 8 x 131072 32/2x128\",\"unit\":\"us\","
                + "\"peers\":{\"torch-cudnn\":240.5}}",
            "{\"bench\":\"engine\",\"case\":\"minicpm4.1-8b 32 requests, 4096 in\","
                + "\"unit\":\"tokens/s\",\"peers\":{\"transformers\":600}}");
    Map<String, Double> prefill =
        Map.of("torch-cudnn", 252.6, "torch-flash2", 426.0, "ours-dense", 200.0);
    String sparse = "prefill infllm-v2 131072 32/2x128 topk96 random";
    assertEquals(prefill, peers.addTo(record("attention", sparse, "ms")).peers());
    String dense = "prefill dense 131072 32/2x128 random";
    assertEquals(prefill, peers.addTo(record("attention", dense, "ms")).peers());
    String decode = "decode infllm-v2 8 x 131072 32/2x128 topk96 clustered";
    assertEquals(240.5, peers.addTo(record("attention", decode, "us")).peers().get("torch-cudnn"));
    String engine = "minicpm4.1-8b dense 32 requests, 4096 in, 256 out";
    assertEquals(
        600, peers.addTo(record("engine", engine, "tokens/s")).peers().get("transformers"));

    Map<String, Double> own = Map.of("ours-dense", 200.0);
    String other = "prefill dense 131072 16/2x64 random";
    assertEquals(own, peers.addTo(record("attention", other, "ms")).peers());
    assertEquals(own, peers.addTo(record("prefill", dense, "ms")).peers());
    String batch = "decode dense 32 x 131072 32/2x128 random";
    assertEquals(own, peers.addTo(record("attention", batch, "us")).peers());
    assertEquals(own, Peers.NONE.addTo(record("attention", dense, "ms")).peers());
  }

  @Test
  void aPeerDoesNotReplaceWhatTheRunMeasured() throws IOException {
    Peers peers =
        peers("{\"bench\":\"b\",\"case\":\"c\",\"unit\":\"ms\",\"peers\":{\"ours-dense\":1}}");
    assertEquals(Map.of("ours-dense", 200.0), peers.addTo(record("b", "c", "ms")).peers());
  }

  @Test
  void otherUnitsAreRefused() throws IOException {
    Peers peers = peers("{\"bench\":\"b\",\"case\":\"c\",\"unit\":\"us\",\"peers\":{\"x\":1}}");
    assertEquals(
        "peers of 'c d' are in us, but ours is in ms",
        assertThrows(IllegalArgumentException.class, () -> peers.addTo(record("b", "c d", "ms")))
            .getMessage());
  }

  @Test
  void wrongFilesAreNamed() throws IOException {
    String good = "{\"bench\":\"b\",\"case\":\"c\",\"unit\":\"us\",\"peers\":{\"x\":1}}";
    assertRefused("line 2: 'case' is missing or no text", good, "{\"bench\":\"b\"}");
    assertRefused("line 1: peer 'x' is no number", good.replace("1}", "\"1\"}"));
    assertRefused("line 3: Unexpected end-of-input", good, good, "{\"bench\":");
    Path missing = temp.resolve("missing");
    assertTrue(
        assertThrows(IllegalArgumentException.class, () -> Peers.read(missing))
            .getMessage()
            .startsWith("peers file " + missing + " cannot be read"));
  }

  private void assertRefused(String message, String... lines) {
    String found = assertThrows(IllegalArgumentException.class, () -> peers(lines)).getMessage();
    assertTrue(found.contains("peers.jsonl, " + message), found);
  }
}
