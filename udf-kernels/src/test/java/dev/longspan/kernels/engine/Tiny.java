package dev.longspan.kernels.engine;

import dev.longspan.kernels.attention.AttentionMethod;
import dev.longspan.kernels.attention.DenseAttention;
import dev.longspan.kernels.attention.InfLlmV2;
import dev.longspan.kernels.backend.Backend;
import dev.longspan.kernels.checkpoint.Dtype;
import dev.longspan.kernels.checkpoint.RandomWeights;
import dev.longspan.kernels.model.Model;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.RopeConfig;
import dev.longspan.kernels.model.SparseConfig;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A decoder of random weights, small enough for the oracle, over the bytes of UTF-8. */
final class Tiny {
  static final int CONTEXT = 640;

  /** Selects 3 of at most 10 blocks from 200 tokens on. */
  static final SparseConfig SPARSE = new SparseConfig(32, 16, 1, 64, 64, 2, 200, true, false);

  static final AttentionMethod DENSE_METHOD = new DenseAttention();
  static final AttentionMethod SPARSE_METHOD = new InfLlmV2(SPARSE);

  private Tiny() {}

  static ModelConfig config() {
    return new ModelConfig(
        "MiniCPMForCausalLM",
        16,
        24,
        2,
        4,
        2,
        8,
        Utf8Text.VOCAB,
        CONTEXT,
        1e-5f,
        RopeConfig.plain(10_000, 8),
        12,
        0.9f,
        1,
        false,
        false,
        false,
        false,
        SPARSE);
  }

  static Model model(Backend backend) {
    return Model.of(config(), new RandomWeights(7, Dtype.F32), backend);
  }

  static EngineOptions options() {
    return new EngineOptions(400, 128, 16);
  }

  /** Submits all requests at once and waits for all answers, in order. */
  static List<Response> answers(Engine engine, List<Request> requests) {
    List<CompletableFuture<Response>> futures = requests.stream().map(engine::submit).toList();
    return futures.stream().map(Tiny::await).toList();
  }

  /** Waits for an answer; gives up only where the engine hangs. */
  static Response await(CompletableFuture<Response> future) {
    return future.orTimeout(2, TimeUnit.MINUTES).join();
  }

  /** Returns tokens that are bytes of letters. */
  static int[] prompt(Random random, int length) {
    int[] tokens = new int[length];
    for (int i = 0; i < length; i++) {
      tokens[i] = 'a' + random.nextInt(26);
    }
    return tokens;
  }

  static Sampling sampling(int maxNewTokens, double temperature, long seed) {
    return new Sampling(maxNewTokens, temperature, 0, 1, 0, 1, List.of(), List.of(), seed);
  }
}
