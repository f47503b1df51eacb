package dev.longspan.kernels.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.longspan.kernels.attention.AttentionMethod;
import dev.longspan.kernels.attention.DenseAttention;
import dev.longspan.kernels.attention.InfLlmV2;
import dev.longspan.kernels.backend.Backend;
import dev.longspan.kernels.backend.Backends;
import dev.longspan.kernels.backend.TestBackends;
import dev.longspan.kernels.model.Model;
import dev.longspan.kernels.model.SparseConfig;
import dev.longspan.kernels.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The default model and its tokenizer in the engine, on the best backend of this machine. */
class PocketEngineTest {
  private static final Path FOLDER = Path.of("../datasets/models/pocket");
  private static final String BACKEND = TestBackends.all().reduce((a, b) -> b).orElseThrow();

  /** Longer reference runs are compared without the engine, in PocketParityTest. */
  private static final int LONGEST = 3_000;

  private static final AttentionMethod DENSE = new DenseAttention();

  private static Backend backend;
  private static Model model;
  private static Tokenizer tokenizer;

  @BeforeAll
  static void load() {
    backend = Backends.open(BACKEND);
    model = Model.load(FOLDER, backend);
    tokenizer = Tokenizer.load(FOLDER);
  }

  @AfterAll
  static void close() {
    tokenizer.close();
    model.close();
    backend.close();
  }

  @Test
  void denseAndSparseRequestsInOneBatchGiveTheTokensOfTheReferenceRun() throws IOException {
    JsonNode reference =
        new ObjectMapper().readTree(FOLDER.resolve("reference/reference.json").toFile());
    List<Request> requests = new ArrayList<>();
    List<int[]> expected = new ArrayList<>();
    for (JsonNode prompt : reference.path("prompts")) {
      int[] ids = ints(prompt.path("ids"));
      if (ids.length <= LONGEST) {
        for (var run : prompt.path("runs").properties()) {
          String key = ids.length + " " + run.getKey();
          requests.add(Request.generate(key, ids, method(run.getKey()), Sampling.greedy(32)));
          expected.add(upToEnd(ints(run.getValue().path("greedy"))));
        }
      }
    }
    try (Engine engine = Engine.start(model, tokenizer, EngineOptions.forModel(model))) {
      List<Response> responses = Tiny.answers(engine, requests);
      for (int i = 0; i < responses.size(); i++) {
        Response response = responses.get(i);
        assertNull(response.errorMessage());
        assertArrayEquals(expected.get(i), response.tokens(), response.key());
        assertEquals(tokenizer.decode(expected.get(i)), response.text());
        assertEquals(expected.get(i).length < 32 ? "stop" : "length", response.finishReason());
      }
    }
  }

  @Test
  void answersAreTheSameAloneAndInACrowdedCache() {
    List<Request> requests = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      String question = "In the year " + (1800 + 7 * i) + " the old captain ";
      int[] ids = tokenizer.encode(question.repeat(1 + i % 4));
      AttentionMethod method = i % 2 == 0 ? DENSE : method("sparse_forced");
      requests.add(
          i % 5 == 4
              ? Request.score("pocket " + i, ids, method, 1)
              : Request.generate(
                  "pocket " + i,
                  ids,
                  method,
                  new Sampling(30, i % 3 * 0.4, 50, 0.95, 0, 1.1, List.of("\n"), List.of(), 1)));
    }
    List<Response> alone = new ArrayList<>();
    try (Engine engine = Engine.start(model, tokenizer, new EngineOptions(100, 512, 1))) {
      requests.forEach(request -> alone.add(Tiny.await(engine.submit(request))));
    }
    try (Engine engine = Engine.start(model, tokenizer, new EngineOptions(5, 37, 16))) {
      List<Response> together = Tiny.answers(engine, requests);
      for (int i = 0; i < alone.size(); i++) {
        EngineTest.assertSameAnswer(alone.get(i), together.get(i));
      }
    }
  }

  @Test
  void stopStringsEndTheTextOfARealTokenizer() {
    int[] prompt = tokenizer.encode("The captain looked at the sea and said");
    try (Engine engine = Engine.start(model, tokenizer, new EngineOptions(20, 512, 4))) {
      Response free =
          Tiny.await(engine.submit(Request.generate("free", prompt, DENSE, stopping(List.of()))));
      assertTrue(free.text().length() > 20, free.text());
      String stop = free.text().substring(11, 14);
      Response cut =
          Tiny.await(
              engine.submit(Request.generate("free", prompt, DENSE, stopping(List.of(stop)))));
      assertEquals(free.text().substring(0, free.text().indexOf(stop)), cut.text());
      assertEquals("stop", cut.finishReason());
      assertTrue(cut.tokens().length < free.tokens().length);
    }
  }

  private static Sampling stopping(List<String> stops) {
    return new Sampling(24, 0, 0, 1, 0, 1.3, stops, List.of(), 0);
  }

  private static AttentionMethod method(String mode) {
    SparseConfig sparse = model.config().sparse();
    return switch (mode) {
      case "dense" -> DENSE;
      case "sparse" -> new InfLlmV2(sparse);
      default -> new InfLlmV2(sparse.withDenseLength(0));
    };
  }

  private static int[] upToEnd(int[] ids) {
    int end =
        IntStream.range(0, ids.length)
            .filter(i -> tokenizer.endIds().contains(ids[i]))
            .findFirst()
            .orElse(ids.length);
    return Arrays.copyOf(ids, end);
  }

  private static int[] ints(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).mapToInt(JsonNode::asInt).toArray();
  }
}
