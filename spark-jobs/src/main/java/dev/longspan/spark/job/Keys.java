package dev.longspan.spark.job;

import dev.longspan.datasets.Message;
import dev.longspan.datasets.Sample;
import java.io.Serializable;

/**
 * Names answers by everything that determines them, so that a finished one is never computed again
 * and one of another model, prompt or setting is never taken for it.
 *
 * @param modelDigest of config.json and all weights
 * @param tokenizerDigest of tokenizer.json
 * @param templateDigest of the chat template, or {@code none} where prompts go in as they are
 * @param sampling how tokens are drawn
 */
record Keys(
    String modelDigest, String tokenizerDigest, String templateDigest, SamplingSpec sampling)
    implements Serializable {
  /** Counts up when the engine gives other answers to the same request. */
  private static final String ENGINE_REVISION = "1";

  /**
   * Returns the key of an answer.
   *
   * @param problem what makes the input unreadable, or null
   * @param settings {@link dev.longspan.kernels.attention.AttentionMethod#describe} of the method
   */
  String key(Sample sample, String problem, String settings, int attempt) {
    Digest digest =
        new Digest()
            .add(ENGINE_REVISION)
            .add(modelDigest)
            .add(tokenizerDigest)
            .add(templateDigest)
            .add(settings)
            .add(sampling.toString())
            .add(attempt)
            .add(sample.suite())
            .add(sample.task())
            .add(sample.length())
            .add(sample.id())
            .add(sample.maxNewTokens())
            .add(sample.answerPrefix())
            .add(problem == null ? "" : problem);
    if (sample.maxNewTokens() == 0) {
      // Which tokens of a scored text count is said by its reference.
      sample.references().forEach(digest::add);
    }
    for (Message message : sample.messages()) {
      digest.add(message.role()).add(message.content());
    }
    return digest.hex();
  }
}
