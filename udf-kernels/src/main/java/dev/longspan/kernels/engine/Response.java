package dev.longspan.kernels.engine;

/**
 * What became of a request.
 *
 * @param key of the request
 * @param tokens generated tokens, without the end token but with those of a stop string; empty for
 *     score requests and failures
 * @param text the generated text, cut before a stop string; a character that the limit of tokens
 *     cuts in half is left out; null for score requests and failures
 * @param logProbs natural log-probabilities of tokens[scoreFrom..] for score requests; else empty
 * @param finishReason {@code stop} (end token, stop token or stop string), {@code length} (as many
 *     tokens as were asked for, or as the model's context holds), {@code scored}, {@code error} or
 *     {@code cancelled}
 * @param errorCode class of the failure, one of the constants below; null without failure
 * @param errorMessage what went wrong and what to do; null without failure
 * @param promptTokens tokens of the request
 * @param queueSeconds from submission to the first step
 * @param prefillSeconds time of the engine's steps on the prompt, or on the scored tokens: of a
 *     step that many requests share, the share of this one's rows
 * @param decodeSeconds the same for the tokens after the first
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
    double decodeSeconds) {

  /** The request makes no sense: the same request will fail again. */
  public static final String INVALID_REQUEST = "INVALID_REQUEST";

  /** The prompt does not fit into the model's context or the whole cache. */
  public static final String PROMPT_TOO_LONG = "PROMPT_TOO_LONG";

  /** The model's logits are not finite: a broken checkpoint, or an overflow. */
  public static final String NOT_FINITE = "NOT_FINITE";

  /** The backend or the engine failed; the request itself may be fine. */
  public static final String ENGINE_FAILED = "ENGINE_FAILED";

  /** The request was cancelled, or its engine closed. */
  public static final String CANCELLED = "CANCELLED";

  /** Returns whether there is no answer, only an error. */
  public boolean failed() {
    return errorCode != null;
  }
}
