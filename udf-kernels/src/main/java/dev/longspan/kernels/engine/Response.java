package dev.longspan.kernels.engine;

/**
 * What became of a request.
 *
 * @param key of the request
 * @param tokens generated tokens, without the end token; empty for score requests
 * @param text the generated text, cut before a stop string
 * @param logProbs natural log-probabilities of tokens[scoreFrom..] for score requests; else empty
 * @param finishReason {@code stop}, {@code length}, {@code scored} or {@code error}
 * @param errorCode class of the failure, for example {@code PROMPT_TOO_LONG}; null without failure
 * @param errorMessage what went wrong and what to do; null without failure
 * @param promptTokens tokens of the request
 * @param queueSeconds from submission to the first step
 * @param prefillSeconds from the first step to the first generated token
 * @param decodeSeconds from the first generated token to the last
 */
public record Response(
    String key,
    int[] tokens,
    String text,
    float[] logProbs,
    String finishReason,
    String errorCode,
    String errorMessage,
    int promptTokens,
    double queueSeconds,
    double prefillSeconds,
    double decodeSeconds) {}
