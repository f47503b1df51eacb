package dev.longspan.kernels.engine;

import dev.longspan.kernels.backend.KvStore;
import dev.longspan.kernels.model.ModelConfig;
import java.util.List;
import java.util.Locale;

/**
 * Why a request is refused before it runs.
 *
 * @param code for {@link Response#errorCode}
 * @param message for {@link Response#errorMessage}
 */
record Problem(String code, String message) {

  /** Returns what is wrong with {@code request}, or null if it can run. */
  static Problem of(Request request, ModelConfig config, int cachePages) {
    String wrong = shape(request);
    if (wrong == null) {
      wrong = tokens(request.tokens(), config.vocabSize());
    }
    if (wrong == null && request.kind() == Request.Kind.GENERATE) {
      wrong = sampling(request.sampling(), config.vocabSize());
    }
    if (wrong != null) {
      return new Problem(Response.INVALID_REQUEST, "request " + request.key() + ": " + wrong);
    }
    String tooLong = length(request, config.maxPositions(), cachePages);
    return tooLong == null
        ? null
        : new Problem(Response.PROMPT_TOO_LONG, "request " + request.key() + ": " + tooLong);
  }

  private static String shape(Request request) {
    if (request.key() == null) {
      return "the key is null: give each request a name, its random draws are seeded from it";
    }
    if (request.kind() == null || request.method() == null || request.tokens() == null) {
      return "kind, tokens and attention method must not be null";
    }
    int length = request.tokens().length;
    if (length == 0) {
      return "the prompt has no tokens: give at least one, usually the model's begin token";
    }
    if (request.kind() == Request.Kind.GENERATE) {
      return request.sampling() == null
          ? "sampling is null: a generate request says how to draw tokens, for example"
              + " Sampling.greedy(128)"
          : null;
    }
    int from = request.scoreFrom();
    return from < 1 || from >= length
        ? String.format(
            Locale.ROOT,
            "scoreFrom is %d, but of %d tokens those from 1 to %d can be scored: the first has"
                + " nothing before it",
            from,
            length,
            length - 1)
        : null;
  }

  private static String tokens(int[] tokens, int vocab) {
    for (int i = 0; i < tokens.length; i++) {
      if (tokens[i] < 0 || tokens[i] >= vocab) {
        return String.format(
            Locale.ROOT,
            "token %d has id %d, but the model's vocabulary has the ids 0 to %d: use the tokenizer"
                + " of this model",
            i,
            tokens[i],
            vocab - 1);
      }
    }
    return null;
  }

  private static String sampling(Sampling s, int vocab) {
    if (s.maxNewTokens() < 1) {
      return "maxNewTokens is " + s.maxNewTokens() + ": it must be at least 1";
    }
    if (!(s.temperature() >= 0 && s.temperature() < Double.POSITIVE_INFINITY)) {
      return "temperature is " + s.temperature() + ": it must be 0 (greedy) or a positive number";
    }
    if (s.topK() < 0) {
      return "topK is " + s.topK() + ": it must be 0 (all) or the number of tokens to keep";
    }
    if (!(s.topP() > 0 && s.topP() <= 1)) {
      return "topP is " + s.topP() + ": it must be above 0 and at most 1 (all)";
    }
    if (!(s.minP() >= 0 && s.minP() <= 1)) {
      return "minP is " + s.minP() + ": it must be between 0 (all) and 1";
    }
    if (!(s.repetitionPenalty() > 0 && s.repetitionPenalty() < Double.POSITIVE_INFINITY)) {
      return "repetitionPenalty is "
          + s.repetitionPenalty()
          + ": it must be a positive number, 1 for none";
    }
    return stops(s.stopStrings(), s.stopTokens(), vocab);
  }

  private static String stops(List<String> strings, List<Integer> tokens, int vocab) {
    if (strings == null || tokens == null) {
      return "stopStrings and stopTokens must not be null: use an empty list for none";
    }
    for (String stop : strings) {
      if (stop == null || stop.isEmpty()) {
        return "a stop string is " + (stop == null ? "null" : "empty") + ": leave it out";
      }
    }
    for (Integer stop : tokens) {
      if (stop == null || stop < 0 || stop >= vocab) {
        return String.format(
            Locale.ROOT,
            "stop token %d is none of the model's ids 0 to %d: it would never end an answer",
            stop,
            vocab - 1);
      }
    }
    return null;
  }

  private static String length(Request request, int maxPositions, int cachePages) {
    int length = request.tokens().length;
    boolean generate = request.kind() == Request.Kind.GENERATE;
    int room = generate ? maxPositions - 1 : maxPositions;
    if (length > room) {
      return String.format(
          Locale.ROOT,
          "%,d tokens%s do not fit into the model's context of %,d tokens: at most %,d can be"
              + " %s; shorten the text, or use a model with a longer context"
              + " (max_position_embeddings in its config.json)",
          length,
          generate
              ? String.format(
                  Locale.ROOT, " and up to %,d new ones", request.sampling().maxNewTokens())
              : "",
          maxPositions,
          room,
          generate ? "continued" : "scored");
    }
    int cached = Task.cachedTokens(request, maxPositions);
    long cacheTokens = (long) cachePages * KvStore.PAGE;
    if (cached > cacheTokens) {
      return String.format(
          Locale.ROOT,
          "%,d tokens%s need %,d pages of the KV cache, which has %,d of %d tokens each (%,d"
              + " tokens): shorten the text%s, or give the engine more pages (more memory)",
          length,
          generate
              ? String.format(Locale.ROOT, " and up to %,d new ones", cached + 1 - length)
              : "",
          PagePool.pagesFor(cached),
          cachePages,
          KvStore.PAGE,
          cacheTokens,
          generate ? " or ask for fewer new tokens" : "");
    }
    return null;
  }
}
