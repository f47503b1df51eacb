package dev.longspan.kernels.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.longspan.kernels.attention.AttentionMethod;
import dev.longspan.kernels.attention.DenseAttention;
import dev.longspan.kernels.attention.InfLlmV2;
import dev.longspan.kernels.attention.KvView;
import dev.longspan.kernels.backend.host.Buffer;
import dev.longspan.kernels.backend.host.HostBackend;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.Sequence;
import dev.longspan.kernels.model.SparseConfig;
import dev.longspan.kernels.model.Step;
import dev.longspan.kernels.model.TestModels;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The compressed keys that a backend keeps up to date are the means of their windows. */
class CompressedKeysTest {
  private static final int TOKENS = 400;

  @ParameterizedTest
  @MethodSource("dev.longspan.kernels.backend.TestBackends#all")
  void areMeansOfTheirWindowsHoweverTheTokensCome(String name) {
    SparseConfig other = new SparseConfig(24, 8, 1, 64, 64, 4, 0, true, false);
    ModelConfig config = TestModels.config(2, 2, 20);
    try (HostBackend backend = TestBackends.host(name)) {
      for (ModelConfig c : List.of(config, config.withSparse(other), config.withSparse(null))) {
        // Dense rows keep them too: the sequence may grow to where it becomes sparse.
        for (AttentionMethod method :
            List.of(new DenseAttention(), new InfLlmV2(c.sparseOrDefault()))) {
          for (int chunk : new int[] {1, 15, 64, 100, TOKENS}) {
            check(backend, c, method, chunk);
          }
        }
      }
    }
  }

  private static void check(HostBackend backend, ModelConfig c, AttentionMethod method, int chunk) {
    Sequence sequence = TestModels.sequence(method, TOKENS, TOKENS);
    Random random = new Random(chunk);
    try (KvStore kv = backend.kvStore(c, TestModels.pages(TOKENS))) {
      for (int start = 0; start < TOKENS; start += chunk) {
        int count = Math.min(chunk, TOKENS - start);
        float[] rows = new float[count * c.qkvSize()];
        for (int i = 0; i < rows.length; i++) {
          rows[i] = (float) random.nextGaussian();
        }
        Step step =
            new Step(
                new int[count], List.of(new Step.Segment(sequence, 0, count, start)), List.of());
        try (Buffer qkv = backend.allocate(rows.length)) {
          qkv.copyFrom(rows, rows.length);
          backend.ropeAndStore(c, qkv, null, null, step, 1, kv);
        }
        sequence.advance(count);
      }
      SparseConfig s = c.sparseOrDefault();
      KvView view = kv.view(sequence, 1);
      float[] key = new float[c.headDim()];
      for (int h = 0; h < c.kvHeads(); h++) {
        int fine = InfLlmV2.windows(TOKENS, s.kernelSize(), s.kernelStride());
        for (int w = 0; w < fine; w++) {
          view.fineKey(h, w, key);
          isMean(view, h, w * s.kernelStride(), s.kernelSize(), key);
        }
        int coarse = InfLlmV2.windows(TOKENS, s.coarseSize(), s.coarseStride());
        for (int w = 0; w < coarse; w++) {
          view.coarseKey(h, w, key);
          isMean(view, h, w * s.coarseStride(), s.coarseSize(), key);
        }
      }
    }
  }

  private static void isMean(KvView view, int kvHead, int first, int count, float[] mean) {
    double[] sum = new double[mean.length];
    float[] key = new float[mean.length];
    for (int t = first; t < first + count; t++) {
      view.key(kvHead, t, key);
      for (int d = 0; d < sum.length; d++) {
        sum[d] += key[d];
      }
    }
    for (int d = 0; d < sum.length; d++) {
      assertEquals(sum[d] / count, mean[d], 1e-6, "tokens " + first + " to " + (first + count - 1));
    }
  }
}
