package dev.longspan.kernels.attention;

import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.SparseConfig;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes attention methods from their names. */
public final class AttentionMethods {
  /** The names that {@link #parse} knows. */
  public static final List<String> NAMES = List.of("dense", "infllm-v2");

  private static final Logger LOG = LoggerFactory.getLogger(AttentionMethods.class);

  private AttentionMethods() {}

  /**
   * Returns a method with the settings of a model.
   *
   * @param name one of {@link #NAMES}
   * @param config the model; where it has no {@code sparse_config}, {@code infllm-v2} takes the
   *     settings of MiniCPM4
   * @throws IllegalArgumentException if the name is unknown; the message lists the known ones
   */
  public static AttentionMethod parse(String name, ModelConfig config) {
    switch (name) {
      case "dense":
        return new DenseAttention();
      case "infllm-v2":
        SparseConfig sparse = config.sparseOrDefault();
        LOG.info(
            "infllm-v2: settings {}: {}",
            config.sparse() == null
                ? "of MiniCPM4, since config.json has no sparse_config"
                : "from sparse_config",
            explain(sparse));
        return new InfLlmV2(sparse);
      default:
        throw new IllegalArgumentException(
            "attention method '" + name + "' is unknown; use one of " + String.join(", ", NAMES));
    }
  }

  /** Returns in words what follows from the settings: {@code topk} alone is not the whole count. */
  static String explain(SparseConfig c) {
    int local = c.localBlocks() + 1;
    return String.format(
        "each query and KV head attends to at most %d blocks of %d tokens = %d tokens"
            + " (topk %d + window %d / block %d): %d initial, %d local (the current and %d before),"
            + " %d by score; sequences below %d tokens are dense; %s normaliser",
        c.selectedBlocks(),
        c.blockSize(),
        c.selectedBlocks() * c.blockSize(),
        c.topk(),
        c.windowSize(),
        c.blockSize(),
        c.initBlocks(),
        local,
        c.localBlocks(),
        c.selectedBlocks() - c.initBlocks() - local,
        Math.max(0, c.denseLength()),
        c.exactNormaliser() ? "exact" : "coarse");
  }
}
