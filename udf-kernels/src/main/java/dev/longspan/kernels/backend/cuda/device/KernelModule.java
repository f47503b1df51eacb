package dev.longspan.kernels.backend.cuda.device;

import static jcuda.driver.JCudaDriver.cuModuleGetFunction;
import static jcuda.driver.JCudaDriver.cuModuleLoadData;
import static jcuda.driver.JCudaDriver.cuModuleUnload;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import jcuda.driver.CUfunction;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;

/** The kernels of one .cu file on one device. */
final class KernelModule implements AutoCloseable {
  private final Device device;
  private final String name;
  private final CUmodule handle;
  private final Map<String, CUfunction> functions = new HashMap<>();
  private final List<Kernel> kernels = new ArrayList<>();

  private KernelModule(Device device, String name, CUmodule handle) {
    this.device = device;
    this.name = name;
    this.handle = handle;
  }

  static KernelModule load(Device device, String name) {
    byte[] image = KernelImages.read(name);
    device.use();
    CUmodule handle = new CUmodule();
    int result = cuModuleLoadData(handle, image);
    if (result != CUresult.CUDA_SUCCESS) {
      throw DeviceException.of(
          result,
          String.format(
              "cuModuleLoadData of %s.cu (built for %s by nvcc %s) on %s whose driver supports CUDA %s",
              name,
              KernelImages.architectures(),
              KernelImages.compiler(),
              device.description(),
              device.info().driver()));
    }
    return new KernelModule(device, name, handle);
  }

  Kernel kernel(String function) {
    CUfunction found = functions.computeIfAbsent(function, this::find);
    device.use();
    Kernel kernel = new Kernel(device, name, function, found);
    kernels.add(kernel);
    return kernel;
  }

  private CUfunction find(String function) {
    device.use();
    CUfunction handle = new CUfunction();
    Driver.check(
        cuModuleGetFunction(handle, this.handle, function),
        "cuModuleGetFunction of kernel '" + function + "' in " + name + ".cu");
    return handle;
  }

  @Override
  public void close() {
    device.use();
    kernels.forEach(Kernel::free);
    Driver.check(cuModuleUnload(handle), "cuModuleUnload of " + name + ".cu");
  }
}
