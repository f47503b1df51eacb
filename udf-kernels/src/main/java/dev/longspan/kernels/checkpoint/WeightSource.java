package dev.longspan.kernels.checkpoint;

/** Where a model's weights come from: a checkpoint on disk, or random numbers for tests. */
public interface WeightSource {
  /** Returns whether a tensor of that name exists. */
  boolean has(String name);

  /**
   * Returns a tensor of the shape the model needs.
   *
   * @throws CheckpointException if it is missing or has another shape
   */
  Tensor tensor(String name, long... shape);
}
