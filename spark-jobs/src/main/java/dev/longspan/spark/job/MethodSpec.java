package dev.longspan.spark.job;

import dev.longspan.kernels.attention.AttentionMethod;
import dev.longspan.kernels.attention.AttentionMethods;
import dev.longspan.kernels.attention.InfLlmV2;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.SparseConfig;
import java.io.Serializable;

/**
 * An attention method and what the user changed of the model's own settings for it.
 *
 * @param name for example {@code infllm-v2}
 * @param exactNormaliser null for the model's own
 * @param denseLength null for the model's own
 * @param roundScores null for the model's own
 */
public record MethodSpec(
    String name, Boolean exactNormaliser, Integer denseLength, Boolean roundScores)
    implements Serializable {

  /**
   * Makes the method for a model.
   *
   * @throws IllegalArgumentException if the name is unknown; the message lists the known ones
   */
  public AttentionMethod method(ModelConfig config) {
    AttentionMethod method = AttentionMethods.parse(name, config);
    if (!(method instanceof InfLlmV2 infllm)) {
      return method;
    }
    SparseConfig sparse = infllm.config();
    if (exactNormaliser != null) {
      sparse = sparse.withExactNormaliser(exactNormaliser);
    }
    if (denseLength != null) {
      sparse = sparse.withDenseLength(denseLength);
    }
    if (roundScores != null) {
      sparse = sparse.withRoundScores(roundScores);
    }
    return new InfLlmV2(sparse);
  }
}
