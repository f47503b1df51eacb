package dev.longspan.kernels.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.kernels.backend.Backend;
import dev.longspan.kernels.backend.scalar.ScalarBackend;
import dev.longspan.kernels.checkpoint.Dtype;
import dev.longspan.kernels.checkpoint.RandomWeights;
import dev.longspan.kernels.checkpoint.Tensor;
import dev.longspan.kernels.checkpoint.WeightSource;
import dev.longspan.kernels.model.Model;
import dev.longspan.kernels.model.Step;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class EngineFailureTest {
  private static final Utf8Text TEXT = new Utf8Text();
  private static final List<Request> PRISTINE = requests(60);
  private static final List<int[]> ANSWERS = new ArrayList<>();
  private static final List<double[]> SCORES = new ArrayList<>();

  /** A token that no prompt and no answer holds. */
  private static int poison;

  @BeforeAll
  static void answerDirectly() {
    BitSet used = new BitSet();
    try (Model model = Tiny.model(new ScalarBackend())) {
      Direct direct = new Direct(model, TEXT);
      for (Request request : PRISTINE) {
        boolean score = request.kind() == Request.Kind.SCORE;
        ANSWERS.add(score ? new int[0] : direct.generate(request));
        SCORES.add(score ? direct.score(request) : new double[0]);
        Arrays.stream(request.tokens()).forEach(used::set);
        Arrays.stream(ANSWERS.get(ANSWERS.size() - 1)).forEach(used::set);
      }
    }
    poison = used.nextClearBit(0);
    assertTrue(poison < Utf8Text.END, "some byte is unused");
  }

  @Test
  void onlyTheRequestThatBreaksAStepFails() {
    Consumer<Step> failOnPoison =
        step -> {
          if (Arrays.stream(step.tokens()).anyMatch(token -> token == poison)) {
            throw new IllegalStateException("poisoned row");
          }
        };
    List<Request> requests = requests(20);
    requests.get(3).tokens()[10] = poison;
    requests.get(11).tokens()[100] = poison;
    Set<String> poisoned = Set.of(requests.get(3).key(), requests.get(11).key());
    try (Engine engine = start(failOnPoison)) {
      for (Response response : Tiny.answers(engine, requests)) {
        if (poisoned.contains(response.key())) {
          assertEquals(Response.ENGINE_FAILED, response.errorCode());
          assertEquals("error", response.finishReason());
          assertTrue(
              response.errorMessage().contains("backend scalar failed at token")
                  && response.errorMessage().contains("poisoned row")
                  && response.errorMessage().contains("Submit it again"),
              response.errorMessage());
        } else {
          assertSameAsWithoutFailure(response);
        }
      }
      assertEquals(2, engine.stats().failed());
      assertEquals(400, engine.stats().freePages());
    }
  }

  @Test
  void aFailureThatDoesNotComeBackChangesNoAnswer() {
    AtomicInteger calls = new AtomicInteger();
    Consumer<Step> failNowAndThen =
        step -> {
          if (step.segments().size() > 1 && calls.incrementAndGet() % 5 == 3) {
            throw new OutOfMemoryError("no room for " + step.rows() + " rows");
          }
        };
    List<Request> requests = requests(16);
    try (Engine engine = start(failNowAndThen)) {
      for (Response response : Tiny.answers(engine, requests)) {
        assertSameAsWithoutFailure(response);
      }
    }
    assertTrue(calls.get() > 10, calls + " steps of several requests");
  }

  @Test
  void theEngineOutlivesABrokenBackend() {
    AtomicBoolean broken = new AtomicBoolean(true);
    Consumer<Step> failWhileBroken =
        step -> {
          if (broken.get()) {
            throw new OutOfMemoryError("Java heap space");
          }
        };
    List<Request> requests = requests(12);
    try (Engine engine = start(failWhileBroken)) {
      for (Response response : Tiny.answers(engine, requests)) {
        assertEquals(Response.ENGINE_FAILED, response.errorCode());
        assertTrue(
            response.errorMessage().endsWith("(-Xmx), or the engine fewer KV pages"),
            response.errorMessage());
      }
      broken.set(false);
      for (Response response : Tiny.answers(engine, requests)) {
        assertSameAsWithoutFailure(response);
      }
    }
  }

  private static Stream<Backend> backends() {
    return Stream.of(new ScalarBackend(), AheadBackend.of(new ScalarBackend()));
  }

  @ParameterizedTest
  @MethodSource("backends")
  void weightsThatAreNotNumbersGiveAnErrorNotAnAnswer(Backend backend) {
    RandomWeights good = new RandomWeights(7, Dtype.F32);
    try (Model model = Model.of(Tiny.config(), poisoned(good), backend);
        Engine engine = Engine.start(model, TEXT, Tiny.options())) {
      List<Request> requests = requests(12);
      requests.get(4).tokens()[0] = poison;
      requests.get(5).tokens()[0] = poison;
      assertEquals(Request.Kind.SCORE, requests.get(5).kind());
      for (Response response : Tiny.answers(engine, requests)) {
        int index = index(response);
        if (index == 4 || index == 5) {
          assertEquals(Response.NOT_FINITE, response.errorCode());
          assertTrue(
              response.errorMessage().contains("are not finite numbers: check the weights"),
              response.errorMessage());
        } else {
          assertSameAsWithoutFailure(response);
        }
      }
    }
  }

  @Test
  void aDecoderThatFailsHitsItsOwnRequestOnly() {
    Detokenizer fragile =
        new Detokenizer() {
          @Override
          public String decode(int[] ids) {
            if (ids.length == 13) {
              throw new IllegalStateException("cannot decode thirteen");
            }
            return TEXT.decode(ids);
          }

          @Override
          public Set<Integer> endIds() {
            return Set.of();
          }
        };
    try (Model model = Tiny.model(new ScalarBackend());
        Engine engine = Engine.start(model, fragile, Tiny.options())) {
      List<Request> requests =
          IntStream.range(10, 16)
              .mapToObj(n -> generate("limit " + n, 40, Tiny.sampling(n, 1, n)))
              .toList();
      for (Response response : Tiny.answers(engine, requests)) {
        if (response.key().equals("limit 13")) {
          assertEquals(Response.ENGINE_FAILED, response.errorCode());
          assertTrue(response.errorMessage().contains("cannot decode thirteen"));
        } else {
          assertEquals("length", response.finishReason(), response.errorMessage());
        }
      }
      assertEquals(400, engine.stats().freePages());
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void cancellationAtAnyPointHitsTheCancelledOnly(Backend backend) {
    List<Request> requests = requests(60);
    Random random = new Random(17);
    int cancelledInTime = 0;
    try (Model model = Tiny.model(backend);
        Engine engine = Engine.start(model, TEXT, Tiny.options())) {
      for (int round = 0; round < 8; round++) {
        List<CompletableFuture<Response>> futures = new ArrayList<>();
        boolean[] cancelled = new boolean[requests.size()];
        for (Request request : requests) {
          futures.add(engine.submit(request));
          int victim = random.nextInt(requests.size());
          cancelled[victim] |= engine.cancel(requests.get(victim).key());
          if (random.nextInt(20) == 0) {
            Tiny.await(futures.get(random.nextInt(futures.size())));
          }
        }
        for (int i = 0; i < requests.size(); i++) {
          Response response = Tiny.await(futures.get(i));
          if (cancelled[i]) {
            cancelledInTime++;
            assertEquals(Response.CANCELLED, response.errorCode());
            assertEquals("cancelled", response.finishReason());
            assertEquals(response.key() + " was cancelled", response.errorMessage().substring(8));
          } else {
            assertSameAsWithoutFailure(response);
          }
        }
      }
      assertEquals(cancelledInTime, engine.stats().cancelled());
      assertEquals(400, engine.stats().freePages());
    }
    assertTrue(cancelledInTime > 30, cancelledInTime + " were cancelled in time");
  }

  @Test
  void cancelTakesAllRequestsOfAKeyAndNoOthers() throws InterruptedException {
    CountDownLatch inStep = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    try (Engine engine = start(step -> pause(inStep, go))) {
      var twins =
          List.of(
              engine.submit(generate("twin", 30, Sampling.greedy(100))),
              engine.submit(generate("twin", 40, Sampling.greedy(1))));
      var other = engine.submit(generate("other", 30, Sampling.greedy(1)));
      inStep.await();
      assertFalse(engine.cancel("nobody"));
      assertTrue(engine.cancel("twin"));
      go.countDown();
      // The second has its only token after this step: a cancel that found it has the last word.
      twins.forEach(twin -> assertEquals("cancelled", Tiny.await(twin).finishReason()));
      assertEquals("length", Tiny.await(other).finishReason());
      assertFalse(engine.cancel("twin"), "they have ended");
    }
  }

  @Test
  void closeCancelsWhatRunsAndWhatWaits() throws InterruptedException {
    CountDownLatch inStep = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    Engine engine = start(step -> pause(inStep, go));
    List<CompletableFuture<Response>> futures =
        IntStream.range(0, 40)
            .mapToObj(i -> engine.submit(generate("r" + i, 50, Sampling.greedy(500))))
            .toList();
    inStep.await();
    EngineStats busy = engine.stats();
    assertEquals(40, busy.running() + busy.queued());
    CompletableFuture<Void> closing = CompletableFuture.runAsync(engine::close);
    CompletableFuture<Response> late = engine.submit(generate("late", 5, Sampling.greedy(400)));
    go.countDown();
    closing.join();
    for (CompletableFuture<Response> future : futures) {
      assertTrue(future.isDone(), "close waits for the responses");
      assertEquals(Response.CANCELLED, future.join().errorCode());
    }
    assertEquals(Response.CANCELLED, Tiny.await(late).errorCode());
    Response after = engine.submit(generate("after", 5, Sampling.greedy(5))).join();
    assertEquals("cancelled", after.finishReason());
    assertEquals(
        "the engine was closed before the request ended: submit it to an open one",
        after.errorMessage());
    EngineStats stats = engine.stats();
    assertEquals(42, stats.cancelled());
    assertEquals(400, stats.freePages());
    assertEquals(0, stats.running() + stats.queued());
    engine.close();
  }

  @Test
  void whatDependsOnAResponseMaySubmitCancelAndClose() {
    Engine engine = start(step -> {});
    var second =
        engine
            .submit(generate("first", 5, Sampling.greedy(3)))
            .thenCompose(
                first -> {
                  engine.cancel("first");
                  return engine.submit(generate("second", 5, Sampling.greedy(2)));
                });
    assertFalse(Tiny.await(second).failed());
    Tiny.await(
        engine
            .submit(generate("third", 5, Sampling.greedy(3)))
            .whenComplete((response, error) -> engine.close()));
    engine.close();
    assertTrue(engine.submit(generate("fourth", 5, Sampling.greedy(3))).join().failed());
  }

  private static void pause(CountDownLatch inStep, CountDownLatch go) {
    inStep.countDown();
    try {
      go.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Engine start(Consumer<Step> watcher) {
    Model model = Tiny.model(WatchedBackend.of(new ScalarBackend(), watcher));
    return Engine.start(model, TEXT, Tiny.options());
  }

  /** Returns weights in which the embedding of {@link #poison} is NaN. */
  private static WeightSource poisoned(RandomWeights good) {
    return new WeightSource() {
      @Override
      public boolean has(String name) {
        return good.has(name);
      }

      @Override
      public Tensor tensor(String name, long... shape) {
        Tensor tensor = good.tensor(name, shape);
        return name.contains("embed_tokens") ? new PoisonedTensor(tensor) : tensor;
      }
    };
  }

  private record PoisonedTensor(Tensor good) implements Tensor {
    @Override
    public String name() {
      return good.name();
    }

    @Override
    public Dtype dtype() {
      return good.dtype();
    }

    @Override
    public long[] shape() {
      return good.shape();
    }

    @Override
    public void read(long first, float[] to, int at, int count) {
      good.read(first, to, at, count);
      long columns = shape()[1];
      for (int i = 0; i < count; i++) {
        if ((first + i) / columns == poison) {
          to[at + i] = Float.NaN;
        }
      }
    }

    @Override
    public void readBf16(long first, short[] to, int at, int count) {
      good.readBf16(first, to, at, count);
    }
  }

  private static void assertSameAsWithoutFailure(Response response) {
    int i = index(response);
    assertFalse(response.failed(), response.errorMessage());
    assertArrayEquals(ANSWERS.get(i), response.tokens());
    assertEquals(SCORES.get(i).length, response.logProbs().length);
    for (int t = 0; t < response.logProbs().length; t++) {
      assertEquals(SCORES.get(i)[t], response.logProbs()[t], 1e-5);
    }
  }

  private static int index(Response response) {
    return Integer.parseInt(response.key().substring("request ".length()));
  }

  private static List<Request> requests(int count) {
    Random random = new Random(9);
    List<Request> requests = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int[] prompt = Tiny.prompt(random, 2 + random.nextInt(150) + (i == 11 ? 100 : 11));
      requests.add(
          i % 6 == 5
              ? Request.score("request " + i, prompt, Tiny.SPARSE_METHOD, 1)
              : Request.generate(
                  "request " + i,
                  prompt,
                  i % 2 == 0 ? Tiny.SPARSE_METHOD : Tiny.DENSE_METHOD,
                  Tiny.sampling(1 + random.nextInt(60), i % 3 * 0.5, i)));
    }
    return requests;
  }

  private static Request generate(String key, int promptTokens, Sampling sampling) {
    int[] prompt = Tiny.prompt(new Random(promptTokens), promptTokens);
    return Request.generate(key, prompt, Tiny.DENSE_METHOD, sampling);
  }
}
