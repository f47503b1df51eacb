package dev.longspan.kernels.backend.cuda.device;

import jcuda.driver.CUdeviceptr;

/** An address in device memory whose value can be read, which JCuda's own class hides. */
final class DevicePointer extends CUdeviceptr {
  DevicePointer() {}

  private DevicePointer(DevicePointer base, long bytes) {
    super(base, bytes);
  }

  DevicePointer plus(long bytes) {
    return bytes == 0 ? this : new DevicePointer(this, bytes);
  }

  long address() {
    return getNativePointer() + getByteOffset();
  }
}
