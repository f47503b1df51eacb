package dev.longspan.spark.job;

import java.io.Serializable;

/**
 * Which engine a task wants: tasks of one JVM with equal specs share one.
 *
 * @param model local folder or URI
 * @param modelDigest of its content, so that a folder that changes gets a new engine
 * @param backend {@code auto}, {@code scalar}, {@code vector} or {@code cuda}
 * @param chunkTokens most prompt tokens in one step; null for the engine's own default
 * @param maxSequences most requests at the same time; null for the engine's own default
 * @param gpu which GPU of its machine an executor takes, as {@link
 *     dev.longspan.kernels.backend.cuda.CudaOptions} names it; null for the one that Spark
 *     assigned, or the first
 * @param gpuMemoryFraction share of the GPU's free memory to take; null for the default
 */
public record EngineSpec(
    String model,
    String modelDigest,
    String backend,
    Integer chunkTokens,
    Integer maxSequences,
    String gpu,
    Double gpuMemoryFraction)
    implements Serializable {

  /** Creates a spec that leaves the choice of a GPU to Spark. */
  public EngineSpec(
      String model, String modelDigest, String backend, Integer chunkTokens, Integer maxSequences) {
    this(model, modelDigest, backend, chunkTokens, maxSequences, null, null);
  }
}
