package dev.longspan.spark.job;

import dev.longspan.kernels.engine.Sampling;
import java.io.Serializable;
import java.util.List;

/**
 * How answers are drawn, the length aside, which each sample brings along.
 *
 * @param temperature 0 for greedy
 * @param topK 0 for all
 * @param topP 1 for all
 * @param minP 0 for all
 * @param repetitionPenalty 1 for none
 * @param stop strings that end an answer
 * @param seed base of the random draws
 */
public record SamplingSpec(
    double temperature,
    int topK,
    double topP,
    double minP,
    double repetitionPenalty,
    List<String> stop,
    long seed)
    implements Serializable {

  /** Copies the list into one that can be serialised. */
  public SamplingSpec {
    stop = List.copyOf(stop);
  }

  Sampling sampling(int maxNewTokens) {
    return new Sampling(
        maxNewTokens, temperature, topK, topP, minP, repetitionPenalty, stop, List.of(), seed);
  }
}
