package dev.longspan.kernels.backend.cuda;

/**
 * Which GPU the CUDA backend uses, and how much of it.
 *
 * @param device ordinal, UUID (GPU-...), PCI bus id, or the resource address that Spark assigned
 * @param memoryFraction share of the memory free at the start that the engine takes, above 0 and at
 *     most 1
 */
public record CudaOptions(String device, double memoryFraction) {
  /** The first GPU and nine tenths of its free memory. */
  public static final CudaOptions DEFAULT = new CudaOptions("0", 0.9);

  /** Checks the values. */
  public CudaOptions {
    if (device.isBlank()) {
      throw new IllegalArgumentException(
          "the GPU is blank; use an ordinal, a UUID or a PCI bus id");
    }
    if (!(memoryFraction > 0 && memoryFraction <= 1)) {
      throw new IllegalArgumentException(
          "GPU memory fraction " + memoryFraction + ": use above 0 and at most 1");
    }
  }
}
