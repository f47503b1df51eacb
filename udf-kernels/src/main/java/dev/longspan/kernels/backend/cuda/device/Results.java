package dev.longspan.kernels.backend.cuda.device;

import java.util.Set;
import jcuda.driver.CUresult;

/** What results of the driver mean, and what to do about them. */
final class Results {
  /** Results after which every call of the process returns the same. */
  private static final Set<Integer> CONTEXT_LOST =
      Set.of(
          CUresult.CUDA_ERROR_ECC_UNCORRECTABLE,
          CUresult.CUDA_ERROR_ILLEGAL_ADDRESS,
          CUresult.CUDA_ERROR_LAUNCH_TIMEOUT,
          CUresult.CUDA_ERROR_ASSERT,
          CUresult.CUDA_ERROR_HARDWARE_STACK_ERROR,
          CUresult.CUDA_ERROR_ILLEGAL_INSTRUCTION,
          CUresult.CUDA_ERROR_MISALIGNED_ADDRESS,
          CUresult.CUDA_ERROR_INVALID_ADDRESS_SPACE,
          CUresult.CUDA_ERROR_INVALID_PC,
          CUresult.CUDA_ERROR_LAUNCH_FAILED);

  private Results() {}

  /** Returns the name of a result and what to do. */
  static String describe(int result) {
    String remedy = remedy(result);
    return CUresult.stringFor(result) + (remedy.isEmpty() ? "" : "; " + remedy);
  }

  static boolean isContextLost(int result) {
    return CONTEXT_LOST.contains(result);
  }

  private static String remedy(int result) {
    return switch (result) {
      case CUresult.CUDA_ERROR_OUT_OF_MEMORY ->
          "look in nvidia-smi for other processes on the GPU, or use a smaller memory fraction,"
              + " model or batch";
      case CUresult.CUDA_ERROR_DEVICE_UNAVAILABLE ->
          "another process has the GPU for itself alone: end it, or set the compute mode to default";
      case CUresult.CUDA_ERROR_NO_DEVICE ->
          "the driver sees no GPU: look at nvidia-smi -L and at CUDA_VISIBLE_DEVICES";
      case CUresult.CUDA_ERROR_INVALID_IMAGE,
          CUresult.CUDA_ERROR_NO_BINARY_FOR_GPU,
          CUresult.CUDA_ERROR_INVALID_PTX,
          CUresult.CUDA_ERROR_UNSUPPORTED_PTX_VERSION ->
          "the driver is older than the nvcc, or the kernels were built for other GPUs: update the"
              + " NVIDIA driver, or build without -Dcuda.arch or with an older nvcc";
      case CUresult.CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES ->
          "a block takes more registers or shared memory than there is";
      case CUresult.CUDA_ERROR_SYSTEM_NOT_READY ->
          "a service that the GPUs need is not running: look at systemctl status"
              + " nvidia-fabricmanager";
      case CUresult.CUDA_ERROR_SYSTEM_DRIVER_MISMATCH ->
          "libcuda.so.1 and the kernel module are of different versions: restart the machine after"
              + " an update of the driver; in a container, mount the host's libcuda.so.1";
      default ->
          isContextLost(result)
              ? "a kernel failed, and the driver lets this process use the GPU no more: start it"
                  + " again, with -Dlongspan.cuda.sync=true to learn which kernel it is"
              : "";
    };
  }
}
