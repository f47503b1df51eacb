package dev.longspan.eval;

/**
 * What one method answered to one sample.
 *
 * @param key SHA-256 of everything that determines the answer, in hexadecimal
 * @param suite benchmark of the sample
 * @param task task of the sample
 * @param length target length of the sample in tokens
 * @param sampleId name of the sample within suite, task and length
 * @param attempt 0 for the first answer to the sample, counting up where several are drawn
 * @param method attention method, for example {@code dense}
 * @param text the answer; empty where {@code error} is set
 * @param promptTokens tokens of the rendered prompt
 * @param newTokens tokens generated
 * @param finishReason {@code stop}, {@code length}, {@code cancelled} or {@code error}
 * @param errorCode class of the failure, null where there is none
 * @param errorMessage what went wrong and what to do, null where there is none
 * @param prefillSeconds time that the engine spent on the prompt, not counting what it did for
 *     other requests meanwhile
 * @param decodeSeconds the same for the tokens after the first
 */
public record Generation(
    String key,
    String suite,
    String task,
    int length,
    String sampleId,
    int attempt,
    String method,
    String text,
    int promptTokens,
    int newTokens,
    String finishReason,
    String errorCode,
    String errorMessage,
    double prefillSeconds,
    double decodeSeconds) {

  /** Returns whether the row failed and holds no answer. */
  public boolean failed() {
    return errorCode != null;
  }
}
