package dev.longspan.kernels.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.kernels.backend.scalar.ScalarBackend;
import dev.longspan.kernels.model.Model;
import dev.longspan.kernels.model.Sequence;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class EngineTest {
  private static final Model MODEL = Tiny.model(new ScalarBackend());

  /** The same model, driven as a device. */
  private static final Model AHEAD = Tiny.model(AheadBackend.of(new ScalarBackend()));

  private static final Utf8Text TEXT = new Utf8Text();
  private static final Utf8Text ENDLESS = new Utf8Text(Set.of());
  private static final List<Request> REQUESTS = mixedRequests();
  private static final Map<String, Response> ALONE = new HashMap<>();

  /** Every request alone in an engine with room for everything. */
  @BeforeAll
  static void answerEachAlone() {
    try (Engine engine = Engine.start(MODEL, TEXT, Tiny.options().withChunkTokens(1_000))) {
      for (Request request : REQUESTS) {
        ALONE.put(request.key(), engine.submit(request).join());
      }
    }
  }

  @AfterAll
  static void closeModel() {
    MODEL.close();
    AHEAD.close();
  }

  private static Stream<Model> models() {
    return Stream.of(MODEL, AHEAD);
  }

  @Test
  void agreesWithAPlainLoopOverTheModel() {
    Direct direct = new Direct(MODEL, TEXT);
    for (Request request : REQUESTS) {
      Response response = ALONE.get(request.key());
      assertNull(response.errorMessage());
      if (request.kind() == Request.Kind.SCORE) {
        double[] expected = direct.score(request);
        assertEquals("scored", response.finishReason());
        assertNull(response.text());
        assertEquals(expected.length, response.logProbs().length);
        for (int i = 0; i < expected.length; i++) {
          assertEquals(expected[i], response.logProbs()[i], 1e-5, request.key() + " at " + i);
        }
      } else {
        assertArrayEquals(direct.generate(request), response.tokens(), request.key());
        assertEquals(0, response.logProbs().length);
      }
    }
    var reasons =
        ALONE.values().stream()
            .collect(Collectors.groupingBy(Response::finishReason, Collectors.counting()));
    assertTrue(
        reasons.get("stop") > 5 && reasons.get("length") > 5 && reasons.get("scored") > 5,
        "the requests end in every way: " + reasons);
  }

  @ParameterizedTest
  @CsvSource({
    // driven as a device, cache pages, chunk tokens, sequences
    "false, 400, 1, 16",
    "false, 400, 7, 80",
    "false, 400, 63, 3",
    "false, 400, 64, 16",
    "false, 400, 65, 16",
    "false, 400, 200, 80",
    "false, 10, 1, 16",
    "false, 10, 100, 16",
    "false, 10, 64, 2",
    "false, 13, 200, 80",
    "true, 400, 7, 80",
    "true, 400, 200, 3",
    "true, 10, 100, 16",
    "true, 10, 64, 2",
    "true, 13, 200, 80"
  })
  void answersAreTheSameInAnyCompany(boolean ahead, int pages, int chunk, int sequences) {
    List<Request> shuffled = new ArrayList<>(REQUESTS);
    Collections.shuffle(shuffled, new Random(31L * pages + chunk));
    Model model = ahead ? AHEAD : MODEL;
    try (Engine engine = Engine.start(model, TEXT, new EngineOptions(pages, chunk, sequences))) {
      for (Response response : Tiny.answers(engine, shuffled)) {
        assertSameAnswer(ALONE.get(response.key()), response);
      }
      EngineStats stats = engine.stats();
      assertEquals(REQUESTS.size(), stats.succeeded());
      assertEquals(pages, stats.freePages());
      assertEquals(0, stats.running() + stats.queued());
      if (pages < 400 && sequences > 2) {
        assertTrue(stats.preemptions() > 0, "a cache of " + pages + " pages is too small for all");
      }
    }
  }

  @ParameterizedTest
  @MethodSource("models")
  void aRequestThatNeedsTheWholeCacheRuns(Model model) {
    int pages = 5;
    Random random = new Random(3);
    List<Request> requests = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      Sampling sampling = Tiny.sampling(64 * pages - 100 - i + 1, 1, 4);
      requests.add(
          Request.generate(
              "whole " + i, Tiny.prompt(random, 100 + i), Tiny.SPARSE_METHOD, sampling));
    }
    try (Engine engine = Engine.start(model, ENDLESS, new EngineOptions(pages, 64, 4))) {
      Direct direct = new Direct(MODEL, ENDLESS);
      for (Response response : Tiny.answers(engine, requests)) {
        assertEquals("length", response.finishReason(), response.errorMessage());
        int index = response.key().charAt(6) - '0';
        assertArrayEquals(direct.generate(requests.get(index)), response.tokens());
      }
      assertEquals(pages, engine.stats().freePages());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "false, 7, 64",
    "false, 9, 7",
    "false, 12, 200",
    "true, 7, 64",
    "true, 9, 7",
    "true, 12, 200"
  })
  void manyPreemptionsChangeNothing(boolean ahead, int pages, int chunk) {
    Random random = new Random(pages);
    Direct direct = new Direct(MODEL, ENDLESS);
    List<Request> requests = new ArrayList<>();
    for (int i = 0; i < 24; i++) {
      // All start below the 200 tokens from which attention is sparse, and most cross them.
      int[] prompt = Tiny.prompt(random, 1 + random.nextInt(40));
      Sampling sampling = Tiny.sampling(100 + random.nextInt(250), i % 3 * 0.6, i);
      requests.add(Request.generate("k" + i, prompt, Tiny.SPARSE_METHOD, sampling));
    }
    Model model = ahead ? AHEAD : MODEL;
    try (Engine engine = Engine.start(model, ENDLESS, new EngineOptions(pages, chunk, 16))) {
      List<Response> responses = Tiny.answers(engine, requests);
      for (int i = 0; i < responses.size(); i++) {
        assertArrayEquals(direct.generate(requests.get(i)), responses.get(i).tokens(), "k" + i);
      }
      EngineStats stats = engine.stats();
      assertTrue(stats.preemptions() > 4, stats.preemptions() + " preemptions");
      assertEquals(pages, stats.freePages());
    }
  }

  @ParameterizedTest
  @CsvSource({
    // driven as a device, cache pages, chunk tokens
    "false, 400, 64",
    "false, 14, 100",
    "true, 400, 64",
    "true, 14, 100"
  })
  void promptsThatStartAlikeShareTheirPagesAndNothingElse(boolean ahead, int pages, int chunk) {
    Random random = new Random(12);
    // Sparse from 200 tokens on, so that lengths decide whether a common start is the same work.
    int[][] starts = {Tiny.prompt(random, 150), Tiny.prompt(random, 330)};
    List<Request> requests = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      int[] start = starts[i % 2];
      int[] prompt = Arrays.copyOf(start, start.length + random.nextInt(90));
      for (int t = start.length; t < prompt.length; t++) {
        prompt[t] = 'a' + random.nextInt(26);
      }
      var method = i % 3 == 0 ? Tiny.DENSE_METHOD : Tiny.SPARSE_METHOD;
      requests.add(
          i % 5 == 4
              ? Request.score("s" + i, prompt, method, 1 + random.nextInt(prompt.length - 1))
              : Request.generate("g" + i, prompt, method, Tiny.sampling(30, i % 2, i)));
    }
    Direct direct = new Direct(MODEL, TEXT);
    Model model = ahead ? AHEAD : MODEL;
    try (Engine engine = Engine.start(model, TEXT, new EngineOptions(pages, chunk, 8))) {
      for (int round = 0; round < 2; round++) {
        List<Response> responses = Tiny.answers(engine, requests);
        for (int i = 0; i < requests.size(); i++) {
          Request request = requests.get(i);
          if (request.kind() == Request.Kind.GENERATE) {
            assertArrayEquals(direct.generate(request), responses.get(i).tokens(), request.key());
          } else {
            double[] expected = direct.score(request);
            for (int t = 0; t < expected.length; t++) {
              assertEquals(expected[t], responses.get(i).logProbs()[t], 1e-5, request.key());
            }
          }
        }
      }
      EngineStats stats = engine.stats();
      assertTrue(stats.reusedTokens() > 5_000, stats.toString());
      assertEquals(pages, stats.freePages());
      assertTrue(stats.idlePages() > 5, stats.toString());
    }
  }

  @Test
  void aPromptThatWaitsForAnotherWithTheSameStartReusesIt() {
    int[] prompt = Tiny.prompt(new Random(5), 300);
    List<Request> requests = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      prompt = prompt.clone();
      prompt[299] = 'a' + i;
      requests.add(Request.generate("q" + i, prompt, Tiny.DENSE_METHOD, Sampling.greedy(3)));
    }
    try (Engine engine = Engine.start(MODEL, ENDLESS, Tiny.options().withChunkTokens(64))) {
      Tiny.answers(engine, requests);
      EngineStats stats = engine.stats();
      assertEquals(5 * 256, stats.reusedTokens());
      assertEquals(300 + 5 * 44, stats.prefillTokens());
    }
  }

  @Test
  void theSeedAndTheKeyChooseTheText() {
    int[] prompt = Tiny.prompt(new Random(8), 30);
    try (Engine engine = Engine.start(MODEL, TEXT, Tiny.options())) {
      List<Request> requests =
          List.of(
              Request.generate("a", prompt, Tiny.DENSE_METHOD, Tiny.sampling(20, 1.5, 1)),
              Request.generate("a", prompt, Tiny.DENSE_METHOD, Tiny.sampling(20, 1.5, 1)),
              Request.generate("a", prompt, Tiny.DENSE_METHOD, Tiny.sampling(20, 1.5, 2)),
              Request.generate("b", prompt, Tiny.DENSE_METHOD, Tiny.sampling(20, 1.5, 1)));
      List<String> tokens =
          Tiny.answers(engine, requests).stream().map(r -> Arrays.toString(r.tokens())).toList();
      assertEquals(tokens.get(0), tokens.get(1), "same seed and key");
      assertNotEquals(tokens.get(0), tokens.get(2), "another seed");
      assertNotEquals(tokens.get(0), tokens.get(3), "another key");
    }
  }

  @Test
  void stopsAtTokensAndStringsAndLeavesThemOut() {
    int[] prompt = Tiny.prompt(new Random(21), 50);
    try (Engine engine = Engine.start(MODEL, TEXT, Tiny.options())) {
      Response free =
          engine
              .submit(Request.generate("k", prompt, Tiny.DENSE_METHOD, ascii(List.of(), List.of())))
              .join();
      int[] tokens = free.tokens();
      assertEquals(TEXT.decode(tokens), free.text());
      int token = tokens[9];
      int first = firstIndex(tokens, token);
      Response atToken =
          engine
              .submit(
                  Request.generate(
                      "k", prompt, Tiny.DENSE_METHOD, ascii(List.of(), List.of(token))))
              .join();
      assertEquals("stop", atToken.finishReason());
      assertArrayEquals(Arrays.copyOf(tokens, first), atToken.tokens());

      String stop = TEXT.decode(Arrays.copyOfRange(tokens, 11, 16));
      Response atString =
          engine
              .submit(
                  Request.generate("k", prompt, Tiny.DENSE_METHOD, ascii(List.of(stop), List.of())))
              .join();
      assertEquals("stop", atString.finishReason());
      assertEquals(free.text().substring(0, free.text().indexOf(stop)), atString.text());
      assertTrue(atString.tokens().length <= 16, "stopped at token " + atString.tokens().length);
      assertArrayEquals(
          Arrays.copyOf(tokens, atString.tokens().length), atString.tokens(), "same until there");
    }
  }

  @Test
  void theContextEndsAnAnswer() {
    int[] prompt = Tiny.prompt(new Random(1), Tiny.CONTEXT - 3);
    try (Engine engine = Engine.start(MODEL, ENDLESS, Tiny.options())) {
      Sampling sampling = Tiny.sampling(50, 1, 9);
      Response response =
          engine.submit(Request.generate("k", prompt, Tiny.SPARSE_METHOD, sampling)).join();
      assertEquals("length", response.finishReason(), response.errorMessage());
      assertEquals(3, response.tokens().length);
      assertEquals(prompt.length, response.promptTokens());
    }
  }

  @Test
  void aCharacterCutInHalfByTheLimitIsLeftOut() {
    Task task = new Task(request("k", Tiny.sampling(3, 0, 0)), TEXT, Tiny.CONTEXT);
    task.start(new Sequence(Tiny.DENSE_METHOD, 2), null);
    int[] answer = {'a', 0xF0, 0x9F};
    for (int token : answer) {
      assertNull(task.response());
      task.take(task.cached() - 1, token, 0, TEXT.endIds());
    }
    assertEquals("length", task.response().finishReason());
    assertEquals("a", task.response().text());
    assertArrayEquals(answer, task.response().tokens());
  }

  @Test
  void refusalsAreResponsesAndCount() {
    try (Engine engine = Engine.start(MODEL, TEXT, new EngineOptions(2, 64, 2))) {
      Response invalid = engine.submit(request("bad", Tiny.sampling(0, 0, 0))).join();
      assertEquals("error", invalid.finishReason());
      assertEquals(Response.INVALID_REQUEST, invalid.errorCode());
      assertEquals("request bad: maxNewTokens is 0: it must be at least 1", invalid.errorMessage());
      Response tooLong = engine.submit(request("long", Tiny.sampling(500, 0, 0))).join();
      assertEquals(Response.PROMPT_TOO_LONG, tooLong.errorCode());
      assertTrue(tooLong.failed());
      assertEquals(0, tooLong.tokens().length);
      assertNull(tooLong.text());
      assertEquals(2, engine.stats().failed());
      assertEquals(2, engine.stats().submitted());
    }
  }

  @Test
  void countsTokensAndTimes() {
    int[] prompt = Tiny.prompt(new Random(2), 130);
    try (Engine engine = Engine.start(MODEL, ENDLESS, Tiny.options().withChunkTokens(64))) {
      Sampling sampling = Tiny.sampling(10, 1, 0);
      Response response =
          engine.submit(Request.generate("k", prompt, Tiny.DENSE_METHOD, sampling)).join();
      assertEquals("length", response.finishReason());
      assertTrue(
          response.queueSeconds() >= 0
              && response.prefillSeconds() > 0
              && response.decodeSeconds() > 0,
          response.toString());
      EngineStats stats = engine.stats();
      assertEquals(130, stats.prefillTokens());
      assertEquals(9, stats.decodeTokens(), "the first token comes from the prompt's last row");
      assertEquals(3 + 9, stats.steps());
      assertTrue(stats.prefillSeconds() > 0 && stats.decodeSeconds() > 0, stats.toString());
      assertEquals(0, stats.preemptions());
      assertEquals(400, stats.totalPages());
    }
  }

  @ParameterizedTest
  @MethodSource("models")
  void thousandsOfTinyRequestsFromSeveralThreadsAllEnd(Model model) {
    Random random = new Random(77);
    List<Request> requests = new ArrayList<>();
    for (int i = 0; i < 3_000; i++) {
      int[] prompt = Tiny.prompt(random, 1 + random.nextInt(40));
      boolean score = prompt.length > 1 && random.nextInt(4) == 0;
      requests.add(
          score
              ? Request.score("r" + i, prompt, Tiny.SPARSE_METHOD, 1)
              : Request.generate(
                  "r" + i,
                  prompt,
                  Tiny.DENSE_METHOD,
                  Tiny.sampling(1 + random.nextInt(40), random.nextInt(2), i)));
    }
    try (Engine engine = Engine.start(model, TEXT, new EngineOptions(9, 48, 20))) {
      var futures = requests.parallelStream().map(engine::submit).toList();
      for (var future : futures) {
        assertFalse(Tiny.await(future).failed(), () -> future.join().errorMessage());
      }
      EngineStats stats = engine.stats();
      assertEquals(3_000, stats.succeeded());
      assertEquals(9, stats.freePages());
      assertEquals(0, stats.running() + stats.queued());
    }
  }

  static void assertSameAnswer(Response expected, Response actual) {
    assertEquals(expected.finishReason(), actual.finishReason(), actual.errorMessage());
    assertArrayEquals(expected.tokens(), actual.tokens(), actual.key());
    assertArrayEquals(expected.logProbs(), actual.logProbs(), actual.key());
    assertEquals(expected.text(), actual.text(), actual.key());
  }

  /** 72 requests of every kind, around page borders and the switch from dense to sparse. */
  private static List<Request> mixedRequests() {
    Random random = new Random(4);
    int[] lengths = {1, 2, 63, 64, 65, 127, 128, 129, 150, 190, 198, 199, 200, 201, 256, 300};
    List<Request> requests = new ArrayList<>();
    for (int i = 0; i < 72; i++) {
      int[] prompt = Tiny.prompt(random, lengths[i % lengths.length] + i / 48);
      var method = i % 5 < 3 ? Tiny.SPARSE_METHOD : Tiny.DENSE_METHOD;
      String key = "request " + i;
      if (i % 6 == 5 && prompt.length > 1) {
        requests.add(Request.score(key, prompt, method, 1 + random.nextInt(prompt.length - 1)));
        continue;
      }
      Sampling sampling =
          switch (i % 4) {
            case 0 -> Sampling.greedy(1 + random.nextInt(250));
            case 1 -> Tiny.sampling(1 + random.nextInt(250), 1.1, i);
            case 2 ->
                new Sampling(80, 1.3, 40, 0.95, 0.01, 1.1, List.of("e", "STOP"), List.of(7), 5);
            default -> new Sampling(70, 0, 0, 1, 0, 1.2, List.of("\n\n"), List.of(1, 2, 3), 0);
          };
      requests.add(Request.generate(key, prompt, method, sampling));
    }
    return requests;
  }

  private static Request request(String key, Sampling sampling) {
    return Request.generate(key, new int[] {'x', 'y'}, Tiny.DENSE_METHOD, sampling);
  }

  private static Sampling ascii(List<String> strings, List<Integer> tokens) {
    return new Sampling(40, 1.2, 0, 1, 0, 1, strings, tokens, 6);
  }

  private static int firstIndex(int[] tokens, int token) {
    int i = 0;
    while (tokens[i] != token) {
      i++;
    }
    return i;
  }
}
