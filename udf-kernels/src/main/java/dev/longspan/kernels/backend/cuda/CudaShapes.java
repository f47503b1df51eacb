package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.SparseConfig;

/** Which models the kernels can run. */
final class CudaShapes {
  private CudaShapes() {}

  /**
   * Refuses a model that the kernels cannot run.
   *
   * @throws IllegalArgumentException with what is found, what is possible, and what to do
   */
  static void check(ModelConfig c) {
    SparseConfig s = c.sparseOrDefault();
    String wrong = null;
    if (c.headDim() != 64 && c.headDim() != 128) {
      wrong = "heads of " + c.headDim() + " elements: the kernels have 64 and 128";
    } else if (c.groupSize() > 16) {
      wrong = c.groupSize() + " query heads for each KV head: the kernels have up to 16";
    } else if (c.hiddenSize() % 8 != 0 || c.intermediateSize() % 8 != 0) {
      wrong =
          "hidden size "
              + c.hiddenSize()
              + " and intermediate size "
              + c.intermediateSize()
              + ": both must be multiples of 8";
    } else if (c.vocabSize() > DeviceSampler.MAX_VOCAB) {
      wrong =
          "a vocabulary of "
              + c.vocabSize()
              + " tokens: sampling has up to "
              + DeviceSampler.MAX_VOCAB;
    } else if (s.kernelSize() != 32 || s.kernelStride() != 16) {
      wrong =
          "InfLLM-V2 with kernel_size "
              + s.kernelSize()
              + " and kernel_stride "
              + s.kernelStride()
              + ": the cache is laid out for 32 and 16";
    }
    if (wrong != null) {
      throw new IllegalArgumentException(
          "backend cuda cannot run this model, which has " + wrong + "; use the vector backend");
    }
  }
}
