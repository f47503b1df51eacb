package dev.longspan.kernels.backend.cuda.device;

import jcuda.driver.CUresult;

/** What results of the driver mean, and what to do about them. */
final class Results {
  private Results() {}

  /** Returns the name of a result, what it means and what to do. */
  static String describe(int result) {
    String remedy = remedy(result);
    return CUresult.stringFor(result) + (remedy.isEmpty() ? "" : "; " + remedy);
  }

  private static String remedy(int result) {
    return switch (result) {
      case CUresult.CUDA_ERROR_OUT_OF_MEMORY ->
          "the GPU has not enough free memory: look in nvidia-smi for other processes, or use a"
              + " smaller memory fraction, model or batch";
      case CUresult.CUDA_ERROR_NO_BINARY_FOR_GPU ->
          "the kernels of this jar were not built for this GPU: build without -Dcuda.arch, or with"
              + " the GPU's own architecture";
      case CUresult.CUDA_ERROR_UNSUPPORTED_PTX_VERSION ->
          "the kernels were built by a newer CUDA than the driver knows: update the NVIDIA driver,"
              + " or build with an older nvcc";
      case CUresult.CUDA_ERROR_NO_DEVICE ->
          "the driver sees no GPU: look at nvidia-smi -L and at CUDA_VISIBLE_DEVICES";
      case CUresult.CUDA_ERROR_ILLEGAL_ADDRESS,
          CUresult.CUDA_ERROR_MISALIGNED_ADDRESS,
          CUresult.CUDA_ERROR_LAUNCH_FAILED,
          CUresult.CUDA_ERROR_ILLEGAL_INSTRUCTION,
          CUresult.CUDA_ERROR_INVALID_PC,
          CUresult.CUDA_ERROR_INVALID_ADDRESS_SPACE,
          CUresult.CUDA_ERROR_HARDWARE_STACK_ERROR,
          CUresult.CUDA_ERROR_ASSERT ->
          "a kernel failed and this process can no longer use the GPU: restart it, with"
              + " -Dlongspan.cuda.sync=true to learn which kernel it is";
      default -> "";
    };
  }

  /** Returns whether every later call in the process returns the same error. */
  static boolean isSticky(int result) {
    return switch (result) {
      case CUresult.CUDA_ERROR_ILLEGAL_ADDRESS,
          CUresult.CUDA_ERROR_MISALIGNED_ADDRESS,
          CUresult.CUDA_ERROR_LAUNCH_FAILED,
          CUresult.CUDA_ERROR_LAUNCH_TIMEOUT,
          CUresult.CUDA_ERROR_ILLEGAL_INSTRUCTION,
          CUresult.CUDA_ERROR_INVALID_PC,
          CUresult.CUDA_ERROR_INVALID_ADDRESS_SPACE,
          CUresult.CUDA_ERROR_HARDWARE_STACK_ERROR,
          CUresult.CUDA_ERROR_ASSERT,
          CUresult.CUDA_ERROR_ECC_UNCORRECTABLE ->
          true;
      default -> false;
    };
  }
}
