package dev.longspan.eval.longppl;

import java.util.Collection;
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

  /**
   * Returns the LongPPL of several documents: the geometric mean, weighted by key tokens; empty if
   * none has any.
   */
  public static OptionalDouble longPpl(Collection<DocumentPerplexity> documents) {
    long keys = documents.stream().mapToLong(DocumentPerplexity::keyTokens).sum();
    double loss = documents.stream().mapToDouble(DocumentPerplexity::keyLoss).sum();
    return keys == 0 ? OptionalDouble.empty() : OptionalDouble.of(Math.exp(loss / keys));
  }

  /**
   * Returns the perplexity of several documents: the geometric mean, weighted by tokens; empty if
   * there are no documents.
   */
  public static OptionalDouble perplexity(Collection<DocumentPerplexity> documents) {
    double weighted =
        documents.stream().mapToDouble(d -> d.tokens * Math.log(d.perplexity())).sum();
    long tokens = documents.stream().mapToLong(DocumentPerplexity::tokens).sum();
    return tokens == 0 ? OptionalDouble.empty() : OptionalDouble.of(Math.exp(weighted / tokens));
  }
}
