package dev.longspan.kernels.backend;

import dev.longspan.kernels.attention.KvView;
import dev.longspan.kernels.model.ModelConfig;

/** A view of a cache whose head layout is that of its model. */
public abstract class CacheView implements KvView {
  private final ModelConfig config;

  /** Creates a view of a cache of that model. */
  protected CacheView(ModelConfig config) {
    this.config = config;
  }

  @Override
  public final int heads() {
    return config.heads();
  }

  @Override
  public final int kvHeads() {
    return config.kvHeads();
  }

  @Override
  public final int headDim() {
    return config.headDim();
  }
}
