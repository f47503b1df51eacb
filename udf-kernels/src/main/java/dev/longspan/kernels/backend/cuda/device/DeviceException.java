package dev.longspan.kernels.backend.cuda.device;

import jcuda.driver.CUresult;

/** An error of the CUDA driver, or a GPU that cannot be used; the message says what to do. */
public final class DeviceException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int result;

  private DeviceException(int result, String message, Throwable cause) {
    super(message, cause);
    this.result = result;
  }

  /**
   * Creates the exception for a result of the driver.
   *
   * @param result a {@link CUresult} other than success
   * @param call the call and what it was about, such as {@code cuMemAlloc of buffer 'x'}
   */
  static DeviceException of(int result, String call) {
    String message = call + " failed: " + Results.describe(result);
    return new DeviceException(result, message, null);
  }

  /** Creates an exception for what is wrong before any call of the driver. */
  static DeviceException unusable(String message, Throwable cause) {
    return new DeviceException(CUresult.CUDA_ERROR_UNKNOWN, message, cause);
  }

  /** Creates the exception for memory that our own bookkeeping refuses. */
  static DeviceException outOfMemory(String message) {
    return new DeviceException(CUresult.CUDA_ERROR_OUT_OF_MEMORY, message, null);
  }

  /** Returns whether less memory would have helped. */
  public boolean isOutOfMemory() {
    return result == CUresult.CUDA_ERROR_OUT_OF_MEMORY;
  }

  /**
   * Returns whether a kernel failed so that the driver refuses every later call of this process,
   * even after the device was closed and opened again: only another process can go on.
   */
  public boolean isContextLost() {
    return Results.isContextLost(result);
  }
}
