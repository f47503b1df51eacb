package dev.longspan.kernels.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.kernels.model.ModelConfig;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProblemTest {
  private static final int[] PROMPT = {1, 2, 3};

  private final ModelConfig config = Tiny.config();

  @Test
  void letsGoodRequestsThrough() {
    assertNull(problem(generate(PROMPT, Sampling.greedy(1)), 1));
    assertNull(problem(generate(PROMPT, Sampling.greedy(Integer.MAX_VALUE)), 10));
    assertNull(problem(generate(new int[639], Sampling.greedy(5)), 10));
    assertNull(problem(Request.score("k", PROMPT, Tiny.DENSE_METHOD, 2), 1));
    assertNull(problem(Request.score("k", new int[640], Tiny.DENSE_METHOD, 1), 10));
  }

  @Test
  void refusesWhatIsMissing() {
    assertInvalid(
        Request.generate(null, PROMPT, Tiny.DENSE_METHOD, Sampling.greedy(1)), "the key is null");
    assertInvalid(
        Request.generate("k", null, Tiny.DENSE_METHOD, Sampling.greedy(1)), "must not be null");
    assertInvalid(Request.generate("k", PROMPT, null, Sampling.greedy(1)), "must not be null");
    assertInvalid(generate(PROMPT, null), "request k: sampling is null");
    assertInvalid(generate(new int[0], Sampling.greedy(1)), "the prompt has no tokens");
  }

  @Test
  void refusesTokensOutsideTheVocabulary() {
    assertInvalid(
        generate(new int[] {0, 264, 265}, Sampling.greedy(1)),
        "token 2 has id 265, but the model's vocabulary has the ids 0 to 264: use the tokenizer of"
            + " this model");
    assertInvalid(Request.score("k", new int[] {3, -1}, Tiny.DENSE_METHOD, 1), "token 1 has id -1");
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0, 0, 1, 0, 1, maxNewTokens is 0",
    "1, -0.1, 0, 1, 0, 1, temperature is -0.1",
    "1, NaN, 0, 1, 0, 1, temperature is NaN",
    "1, Infinity, 0, 1, 0, 1, temperature is Infinity",
    "1, 1, -1, 1, 0, 1, topK is -1",
    "1, 1, 0, 0, 0, 1, topP is 0.0",
    "1, 1, 0, 1.01, 0, 1, topP is 1.01",
    "1, 1, 0, NaN, 0, 1, topP is NaN",
    "1, 1, 0, 1, -0.5, 1, minP is -0.5",
    "1, 1, 0, 1, 1.5, 1, minP is 1.5",
    "1, 1, 0, 1, 0, 0, repetitionPenalty is 0.0",
    "1, 1, 0, 1, 0, Infinity, repetitionPenalty is Infinity"
  })
  void refusesSamplingOutOfRange(
      int maxNewTokens,
      double temperature,
      int topK,
      double topP,
      double minP,
      double penalty,
      String message) {
    assertInvalid(
        generate(
            PROMPT,
            new Sampling(
                maxNewTokens, temperature, topK, topP, minP, penalty, List.of(), List.of(), 0)),
        message + ": it must be ");
  }

  @Test
  void refusesStopsThatCannotWork() {
    assertInvalid(stops(List.of("a", ""), List.of()), "a stop string is empty: leave it out");
    assertInvalid(stops(Arrays.asList("a", null), List.of()), "a stop string is null");
    assertInvalid(stops(null, List.of()), "use an empty list for none");
    assertInvalid(
        stops(List.of(), List.of(3, 265)),
        "stop token 265 is none of the model's ids 0 to 264: it would never end an answer");
  }

  @ParameterizedTest
  @CsvSource({"0", "-1", "3", "4"})
  void refusesScoresOfTokensThatHaveNone(int from) {
    assertInvalid(
        Request.score("k", PROMPT, Tiny.DENSE_METHOD, from),
        "scoreFrom is " + from + ", but of 3 tokens those from 1 to 2 can be scored");
  }

  @Test
  void refusesWhatTheContextCannotHold() {
    assertTooLong(
        generate(new int[640], Sampling.greedy(20)),
        10_000,
        "request k: 640 tokens and up to 20 new ones do not fit into the model's context of 640"
            + " tokens: at most 639 can be continued; shorten the text, or use a model with a"
            + " longer context (max_position_embeddings in its config.json)");
    assertTooLong(
        Request.score("k", new int[641], Tiny.DENSE_METHOD, 600),
        10_000,
        "request k: 641 tokens do not fit into the model's context of 640 tokens: at most 640 can"
            + " be scored");
  }

  @Test
  void refusesWhatTheWholeCacheCannotHold() {
    assertTooLong(
        generate(new int[120], Sampling.greedy(10)),
        2,
        "request k: 120 tokens and up to 10 new ones need 3 pages of the KV cache, which has 2 of"
            + " 64 tokens each (128 tokens): shorten the text or ask for fewer new tokens, or give"
            + " the engine more pages (more memory)");
    assertNull(problem(generate(new int[120], Sampling.greedy(9)), 2), "the last is never cached");
    assertTooLong(
        Request.score("k", new int[130], Tiny.DENSE_METHOD, 1),
        2,
        "130 tokens need 3 pages of the KV cache, which has 2 of 64 tokens each (128 tokens):"
            + " shorten the text, or");
  }

  private void assertInvalid(Request request, String message) {
    assertProblem(request, 100, Response.INVALID_REQUEST, message);
  }

  private void assertTooLong(Request request, int pages, String message) {
    assertProblem(request, pages, Response.PROMPT_TOO_LONG, message);
  }

  private void assertProblem(Request request, int pages, String code, String message) {
    Problem problem = problem(request, pages);
    assertNotNull(problem, message);
    assertEquals(code, problem.code());
    assertTrue(problem.message().contains(message), problem.message());
  }

  private Problem problem(Request request, int pages) {
    return Problem.of(request, config, pages);
  }

  private static Request generate(int[] prompt, Sampling sampling) {
    return Request.generate("k", prompt, Tiny.DENSE_METHOD, sampling);
  }

  private static Request stops(List<String> strings, List<Integer> tokens) {
    return generate(PROMPT, new Sampling(1, 0, 0, 1, 0, 1, strings, tokens, 0));
  }
}
