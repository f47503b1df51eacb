package dev.longspan.kernels.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.kernels.attention.AttentionMethod;
import dev.longspan.kernels.attention.DenseAttention;
import dev.longspan.kernels.attention.InfLlmV2;
import dev.longspan.kernels.backend.Backend;
import dev.longspan.kernels.backend.Backends;
import dev.longspan.kernels.backend.cuda.device.DeviceException;
import dev.longspan.kernels.backend.cuda.device.GpuTest;
import dev.longspan.kernels.model.Model;
import dev.longspan.kernels.model.PocketReference;
import dev.longspan.kernels.model.SparseConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The default model in an engine on the GPU: no company changes an answer. */
@GpuTest
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EngineGpuTest {
  private static final int REQUESTS = 64;

  private final Map<String, Response> alone = new HashMap<>();
  private Backend backend;
  private Model model;
  private List<Request> requests;

  @BeforeAll
  void answerEachAlone() {
    backend = Backends.open("cuda");
    model = Model.load(PocketReference.FOLDER, backend);
    requests = mixedRequests();
    try (Engine engine = Engine.start(model, new EngineOptions(200, 10_000, 1))) {
      for (Request request : requests) {
        Response response = Tiny.await(engine.submit(request));
        assertEquals(null, response.errorMessage());
        alone.put(request.key(), response);
      }
    }
  }

  @AfterAll
  void close() {
    model.close();
    // Reports what was not given back.
    backend.close();
  }

  @ParameterizedTest
  @CsvSource({
    // cache pages, chunk tokens, sequences, seed of the order
    "4000, 4096, 64, 0",
    "4000, 512, 64, 1",
    "4000, 100, 7, 2",
    "4000, 4096, 80, 3",
    "4000, 4096, 8, 6",
    "4000, 100, 64, 7",
    "60, 1000, 64, 4"
  })
  void answersAreTheSameAloneTogetherAndShuffled(int pages, int chunk, int sequences, int seed) {
    List<Request> shuffled = new ArrayList<>(requests);
    if (seed > 0) {
      Collections.shuffle(shuffled, new Random(seed));
    }
    try (Engine engine = Engine.start(model, new EngineOptions(pages, chunk, sequences))) {
      for (int round = 0; round < 2; round++) {
        assertSame(Tiny.answers(engine, shuffled));
      }
      EngineStats stats = engine.stats();
      assertEquals(pages, stats.freePages());
      assertTrue(stats.reusedTokens() > 0, "the second round finds prompts in the cache");
    }
  }

  @ParameterizedTest
  @CsvSource({"17, 64", "25, 4096"})
  void preemptionChangesNothing(int pages, int chunk) {
    Random random = new Random(pages);
    AttentionMethod[] methods = {
      new DenseAttention(), new InfLlmV2(model.config().sparse().withDenseLength(100))
    };
    List<Request> growing = new ArrayList<>();
    for (int i = 0; i < 24; i++) {
      int[] prompt = random.ints(1 + random.nextInt(90), 10, 8000).toArray();
      Sampling sampling = Tiny.sampling(100 + random.nextInt(300), i % 3 * 0.6, i);
      growing.add(Request.generate("growing " + i, prompt, methods[i % 2], sampling));
    }
    List<Response> expected = new ArrayList<>();
    try (Engine engine = Engine.start(model, new EngineOptions(100, 512, 1))) {
      growing.forEach(request -> expected.add(Tiny.await(engine.submit(request))));
    }
    try (Engine engine = Engine.start(model, new EngineOptions(pages, chunk, 16))) {
      List<Response> responses = Tiny.answers(engine, growing);
      for (int i = 0; i < growing.size(); i++) {
        EngineTest.assertSameAnswer(expected.get(i), responses.get(i));
      }
      EngineStats stats = engine.stats();
      assertTrue(stats.preemptions() > 4, stats.toString());
      assertEquals(pages, stats.freePages());
    }
  }

  /** Lists all answers that differ, each with the place where it starts to. */
  private void assertSame(List<Response> responses) {
    List<String> different = new ArrayList<>();
    for (Response response : responses) {
      Response expected = alone.get(response.key());
      int token = Arrays.mismatch(expected.tokens(), response.tokens());
      int score = Arrays.mismatch(expected.logProbs(), response.logProbs());
      if (response.failed() || token >= 0 || score >= 0) {
        different.add(
            response.key() + " at " + token + "/" + score + " " + response.errorMessage());
      }
    }
    assertEquals(List.of(), different);
  }

  @Test
  void cancellationHitsTheCancelledOnly() {
    Random random = new Random(3);
    try (Engine engine = Engine.start(model, new EngineOptions(300, 512, 32))) {
      for (int round = 0; round < 4; round++) {
        List<CompletableFuture<Response>> futures = new ArrayList<>();
        boolean[] cancelled = new boolean[REQUESTS];
        for (Request request : requests) {
          futures.add(engine.submit(request));
          int victim = random.nextInt(REQUESTS);
          cancelled[victim] |= engine.cancel(requests.get(victim).key());
          if (random.nextInt(10) == 0) {
            Tiny.await(futures.get(random.nextInt(futures.size())));
          }
        }
        List<Response> answered = new ArrayList<>();
        for (int i = 0; i < REQUESTS; i++) {
          Response response = Tiny.await(futures.get(i));
          if (cancelled[i]) {
            assertEquals(Response.CANCELLED, response.errorCode());
          } else {
            answered.add(response);
          }
        }
        assertSame(answered);
      }
      assertEquals(300, engine.stats().freePages());
    }
  }

  @Test
  void aCacheThatDoesNotFitIsRefusedAndCostsNothing() {
    EngineOptions tooMuch = EngineOptions.forModel(model).withCachePages(1 << 20);
    DeviceException e =
        assertThrows(DeviceException.class, () -> Engine.start(model, tooMuch).close());
    assertTrue(e.isOutOfMemory(), e.getMessage());
    assertTrue(e.getMessage().contains("KV cache of 1048576 pages"), e.getMessage());
    try (Engine engine = Engine.start(model, new EngineOptions(200, 512, 4))) {
      Response response = Tiny.await(engine.submit(requests.get(0)));
      EngineTest.assertSameAnswer(alone.get(response.key()), response);
    }
  }

  /** Requests of every kind and of many lengths; some prompts start alike. */
  private List<Request> mixedRequests() {
    Random random = new Random(11);
    SparseConfig sparse = model.config().sparse();
    AttentionMethod forced = new InfLlmV2(sparse.withDenseLength(0));
    AttentionMethod narrow =
        new InfLlmV2(new SparseConfig(32, 16, 1, 64, 128, 4, 500, false, true));
    int[] lengths = {1, 2, 63, 64, 65, 127, 200, 448, 513, 1000, 2100, 3000};
    int[] start = random.ints(400, 10, 8000).toArray();
    List<Request> all = new ArrayList<>();
    for (int i = 0; i < REQUESTS; i++) {
      int length = lengths[i % lengths.length] + (i > 40 ? random.nextInt(50) : 0);
      int[] prompt = random.ints(length, 10, 8000).toArray();
      if (i % 3 == 0) {
        System.arraycopy(start, 0, prompt, 0, Math.min(length, start.length));
      }
      AttentionMethod method =
          switch (i % 4) {
            case 0 -> new DenseAttention();
            case 1 -> forced;
            case 2 -> narrow;
            default -> new InfLlmV2(sparse);
          };
      String key = "request " + i;
      if (i % 7 == 6 && length > 1) {
        all.add(Request.score(key, prompt, method, 1 + random.nextInt(length - 1)));
        continue;
      }
      int limit = 1 + random.nextInt(150);
      Sampling sampling =
          switch (i % 5) {
            case 0, 1 -> Sampling.greedy(limit);
            case 2 -> Tiny.sampling(limit, 0.9, i);
            case 3 -> new Sampling(limit, 1.2, 40, 0.9, 0.02, 1.2, List.of(), List.of(), i);
            default -> new Sampling(limit, 0, 0, 1, 0, 1.3, List.of(), List.of(7, 9), 0);
          };
      all.add(Request.generate(key, prompt, method, sampling));
    }
    return all;
  }
}
