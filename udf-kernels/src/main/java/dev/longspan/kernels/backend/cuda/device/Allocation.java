package dev.longspan.kernels.backend.cuda.device;

import static jcuda.driver.JCudaDriver.cuMemAlloc;
import static jcuda.driver.JCudaDriver.cuMemFree;

/** One piece of device memory from the driver. */
final class Allocation extends DeviceResource {
  private final DevicePointer pointer;

  private Allocation(Device device, String kind, String name, long bytes, DevicePointer pointer) {
    super(device, kind, name, bytes);
    this.pointer = pointer;
  }

  static Allocation of(Device device, String kind, String name, long bytes) {
    if (bytes <= 0) {
      throw new IllegalArgumentException(
          kind + " '" + name + "' of " + bytes + " bytes: use 1 or more");
    }
    device.use();
    DevicePointer pointer = new DevicePointer();
    int result = cuMemAlloc(pointer, bytes);
    if (result != 0) {
      throw DeviceException.of(
          result,
          String.format(
              "cuMemAlloc of %s '%s' of %s (%s of %s free on %s)",
              kind,
              name,
              Sizes.text(bytes),
              Sizes.text(device.freeMemory()),
              Sizes.text(device.totalMemory()),
              device.description()));
    }
    return new Allocation(device, kind, name, bytes, pointer);
  }

  DevicePointer pointer() {
    return pointer;
  }

  @Override
  void free() {
    Driver.check(cuMemFree(pointer), "cuMemFree");
  }
}
