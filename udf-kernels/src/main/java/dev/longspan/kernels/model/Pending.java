package dev.longspan.kernels.model;

/** A step on its way through a device. */
@FunctionalInterface
public interface Pending {
  /**
   * Waits for the step and returns its results; called once.
   *
   * @throws RuntimeException if the device failed
   */
  Results collect();
}
