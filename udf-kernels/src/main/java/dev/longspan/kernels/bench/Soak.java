package dev.longspan.kernels.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.kernels.attention.AttentionMethod;
import dev.longspan.kernels.attention.DenseAttention;
import dev.longspan.kernels.attention.InfLlmV2;
import dev.longspan.kernels.backend.Backend;
import dev.longspan.kernels.backend.Backends;
import dev.longspan.kernels.engine.Engine;
import dev.longspan.kernels.engine.EngineOptions;
import dev.longspan.kernels.engine.EngineStats;
import dev.longspan.kernels.engine.Request;
import dev.longspan.kernels.engine.Response;
import dev.longspan.kernels.engine.Sampling;
import dev.longspan.kernels.model.Model;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.SparseConfig;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;

/**
 * Puts thousands of mixed requests through an engine, with random cancellations, and looks whether
 * all are answered, whether answers are the same when asked again alone, and whether memory stays
 * flat: {@code Soak MODEL_DIR BACKEND REQUESTS}.
 */
public final class Soak {
  private static final int IN_FLIGHT = 128;
  private static final int LONGEST = 20_000;
  private static final int LONGEST_ANSWER = 160;
  private static final int CHECKED_AGAIN = 100;

  private final Backend backend;
  private final ModelConfig config;
  private final Random random = new Random(42);
  private final List<int[]> last = new ArrayList<>();
  private final List<Request> checked = new ArrayList<>();
  private final List<Response> answers = new ArrayList<>();
  private int cancelled;

  private Soak(Backend backend, ModelConfig config) {
    this.backend = backend;
    this.config = config;
  }

  private record Sent(Request request, CompletableFuture<Response> future) {}

  /** Runs and prints one line of JSON; throws if anything is wrong. */
  public static void main(String[] args) {
    int requests = Integer.parseInt(args[2]);
    try (Backend backend = Backends.open(args[1]);
        Model model = Model.load(Path.of(args[0]), backend)) {
      new Soak(backend, model.config()).run(model, requests);
    }
  }

  private void run(Model model, int requests) {
    // Room for four of the longest: some requests lose their pages and start again.
    EngineOptions options =
        EngineOptions.forModel(model, null, 2 * IN_FLIGHT / 3).withCachePages(1300);
    ObjectNode json = new ObjectMapper().createObjectNode();
    long start = System.nanoTime();
    try (Engine engine = Engine.start(model, options)) {
      Deque<Sent> flying = new ArrayDeque<>();
      for (int i = 0; i < requests; i++) {
        Request request = request(i);
        flying.add(new Sent(request, engine.submit(request)));
        if (random.nextInt(12) == 0) {
          Sent victim = new ArrayList<>(flying).get(random.nextInt(flying.size()));
          engine.cancel(victim.request.key());
        }
        while (flying.size() >= IN_FLIGHT) {
          settle(flying.remove());
        }
        if (i == requests / 5 || i == requests - 1) {
          memory(json, i == requests - 1 ? "end" : "fifth");
        }
      }
      flying.forEach(this::settle);
      EngineStats stats = engine.stats();
      require(stats.running() + stats.queued() == 0, "requests are left: " + stats);
      require(stats.freePages() == stats.totalPages(), "pages are left: " + stats);
      require(stats.cancelled() == cancelled, "cancellations do not add up: " + stats);
      json.put("requests", requests)
          .put("succeeded", stats.succeeded())
          .put("cancelled", cancelled);
      json.put("preemptions", stats.preemptions()).put("steps", stats.steps());
      json.put("prefill_tokens", stats.prefillTokens()).put("decode_tokens", stats.decodeTokens());
      json.put("reused_tokens", stats.reusedTokens());
      json.put("seconds", (System.nanoTime() - start) * 1e-9);
    }
    try (Engine engine = Engine.start(model, options.withMaxSequences(1).withChunkTokens(1000))) {
      for (int i = 0; i < checked.size(); i++) {
        Response again = engine.submit(checked.get(i)).join();
        require(
            Arrays.equals(again.tokens(), answers.get(i).tokens())
                && Arrays.equals(again.logProbs(), answers.get(i).logProbs()),
            "request " + again.key() + " is answered differently alone");
      }
    }
    json.put("same_alone", checked.size()).put("backend", backend.description());
    System.out.println(json);
  }

  private void settle(Sent sent) {
    Response response = sent.future.join();
    if (Response.CANCELLED.equals(response.errorCode())) {
      cancelled++;
      return;
    }
    require(!response.failed(), response.errorMessage());
    if (checked.size() < CHECKED_AGAIN && random.nextInt(20) == 0) {
      checked.add(sent.request);
      answers.add(response);
    }
  }

  private Request request(int i) {
    // Lengths are spread evenly over their logarithm.
    int longest = Math.min(LONGEST, config.maxPositions() - LONGEST_ANSWER);
    int length = (int) Math.exp(random.nextDouble() * Math.log(longest));
    int[] prompt = random.ints(length, 10, config.vocabSize()).toArray();
    if (i % 4 == 3) {
      int[] other = last.get(random.nextInt(last.size()));
      System.arraycopy(other, 0, prompt, 0, Math.min(length, other.length) * 3 / 4);
    }
    last.add(prompt);
    if (last.size() > IN_FLIGHT) {
      last.remove(0);
    }
    SparseConfig sparse = config.sparseOrDefault();
    AttentionMethod method =
        switch (i % 3) {
          case 0 -> new DenseAttention();
          case 1 -> new InfLlmV2(sparse);
          default -> new InfLlmV2(sparse.withDenseLength(0));
        };
    if (length > 1 && i % 8 == 7) {
      return Request.score("r" + i, prompt, method, 1 + random.nextInt(length - 1));
    }
    int limit = 1 + random.nextInt(LONGEST_ANSWER);
    Sampling sampling =
        switch (i % 4) {
          case 0, 1 -> Sampling.greedy(limit);
          case 2 -> new Sampling(limit, 0.8, 0, 0.95, 0, 1, List.of(), List.of(), i);
          default -> new Sampling(limit, 1, 50, 1, 0.02, 1.1, List.of(), List.of(), i);
        };
    return Request.generate("r" + i, prompt, method, sampling);
  }

  private void memory(ObjectNode json, String when) {
    System.gc();
    Runtime runtime = Runtime.getRuntime();
    json.put("heap_mb_" + when, (runtime.totalMemory() - runtime.freeMemory()) >> 20);
    json.put("device_free_mb_" + when, backend.freeMemory() >> 20);
  }

  private static void require(boolean holds, String message) {
    if (!holds) {
      throw new IllegalStateException(message);
    }
  }
}
