package dev.longspan.kernels.engine;

import dev.longspan.kernels.attention.AttentionMethod;

/**
 * Work for the engine.
 *
 * <p>The token array is not copied: it must stay as it is until the response is there.
 *
 * @param key names the request in its response and in {@link Engine#cancel}; random draws are
 *     seeded from it. Requests with the same key may run side by side; with the same content they
 *     get the same answer
 * @param kind generate or score
 * @param tokens the prompt, or the tokens to score
 * @param method how to attend
 * @param sampling for {@link Kind#GENERATE}; null otherwise
 * @param scoreFrom for {@link Kind#SCORE}: index of the first token whose log-probability is
 *     wanted, at least 1; 0 otherwise
 */
public record Request(
    String key, Kind kind, int[] tokens, AttentionMethod method, Sampling sampling, int scoreFrom) {

  /** What a request asks for. */
  public enum Kind {
    /** Continue the prompt. */
    GENERATE,
    /** Log-probabilities of the given tokens. */
    SCORE
  }

  /** Returns a request to continue {@code prompt}. */
  public static Request generate(
      String key, int[] prompt, AttentionMethod method, Sampling sampling) {
    return new Request(key, Kind.GENERATE, prompt, method, sampling, 0);
  }

  /** Returns a request for the log-probabilities of {@code tokens[from..]}. */
  public static Request score(String key, int[] tokens, AttentionMethod method, int from) {
    return new Request(key, Kind.SCORE, tokens, method, null, from);
  }
}
