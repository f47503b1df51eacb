package dev.longspan.eval.longppl;

import dev.longspan.datasets.Json;
import java.util.Locale;
import java.util.OptionalDouble;

/**
 * How well a model predicts a document, as a whole and where it needs a long context.
 *
 * @param tokens tokens of the document
 * @param keyTokens key tokens in it
 * @param loss sum of the losses of all tokens but the first
 * @param keyLoss sum of the losses of the key tokens
 */
public record DocumentPerplexity(int tokens, int keyTokens, double loss, double keyLoss) {
  /**
   * Returns the perplexities of a document.
   *
   * @param logProbabilities of each token after those before it; the first entry is not looked at
   * @param keys positions of the key tokens, each at least 1
   * @throws IllegalArgumentException if the document has fewer than two tokens
   */
  public static DocumentPerplexity of(float[] logProbabilities, int[] keys) {
    if (logProbabilities.length < 2) {
      throw new IllegalArgumentException(
          "perplexity needs at least 2 tokens, but the document has " + logProbabilities.length);
    }
    double loss = 0;
    for (int i = 1; i < logProbabilities.length; i++) {
      loss -= logProbabilities[i];
    }
    double keyLoss = 0;
    for (int key : keys) {
      keyLoss -= logProbabilities[key];
    }
    return new DocumentPerplexity(logProbabilities.length, keys.length, loss, keyLoss);
  }

  /**
   * Reads what {@link #text} wrote.
   *
   * @param where what messages call it
   * @throws dev.longspan.datasets.DatasetException if the text is something else
   */
  public static DocumentPerplexity parse(String where, String text) {
    Json json = Json.parse(where, text);
    return new DocumentPerplexity(
        json.number("tokens", 2),
        json.number("key_tokens", 0),
        json.decimal("loss", 0),
        json.decimal("key_loss", 0));
  }

  /** Returns the figures as JSON: the answer of a model to a document. */
  public String text() {
    return String.format(
        Locale.ROOT,
        "{\"tokens\": %d, \"key_tokens\": %d, \"loss\": %s, \"key_loss\": %s}",
        tokens,
        keyTokens,
        loss,
        keyLoss);
  }

  /** Returns the perplexity over all tokens but the first. */
  public double perplexity() {
    return Math.exp(loss / (tokens - 1));
  }

  /** Returns the perplexity over the key tokens; empty if there are none. */
  public OptionalDouble longPpl() {
    return keyTokens == 0
        ? OptionalDouble.empty()
        : OptionalDouble.of(Math.exp(keyLoss / keyTokens));
  }
}
