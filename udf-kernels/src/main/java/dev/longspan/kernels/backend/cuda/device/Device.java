package dev.longspan.kernels.backend.cuda.device;

import static jcuda.driver.JCudaDriver.cuCtxSetCurrent;
import static jcuda.driver.JCudaDriver.cuCtxSynchronize;
import static jcuda.driver.JCudaDriver.cuDevicePrimaryCtxRelease;
import static jcuda.driver.JCudaDriver.cuDevicePrimaryCtxRetain;
import static jcuda.driver.JCudaDriver.cuMemGetInfo;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import jcuda.driver.CUcontext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A GPU, through its primary context, which other libraries of the process share.
 *
 * <p>Any thread may use it; a stream, graph or kernel is used by one thread at a time.
 */
public final class Device implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Device.class);

  /** The device whose context is current for a thread, as far as this package made it so. */
  private static final ThreadLocal<Device> CURRENT = new ThreadLocal<>();

  private final DeviceInfo info;
  private final CUcontext context;
  private final Resources resources = new Resources();
  private final Map<String, KernelModule> modules = new HashMap<>();
  private volatile boolean open = true;

  private Device(DeviceInfo info, CUcontext context) {
    this.info = info;
    this.context = context;
  }

  /**
   * Opens a GPU.
   *
   * @param selector its ordinal (0 is the first), UUID (GPU-...) or PCI bus id (0000:1b:00.0), as
   *     Spark's resource addresses also give it
   * @throws DeviceException if there is no driver or no such GPU; the message says what there is
   */
  public static Device open(String selector) {
    DeviceInfo info = DeviceInfo.select(selector);
    CUcontext context = new CUcontext();
    Driver.check(
        cuDevicePrimaryCtxRetain(context, info.handle()),
        "cuDevicePrimaryCtxRetain of " + info.description());
    Device device = new Device(info, context);
    device.use();
    LOG.debug("opened {}", device.description());
    return device;
  }

  /**
   * Returns why a GPU cannot be used here and what would change that; null if it can.
   *
   * @param selector as for {@link #open}
   */
  public static String refusal(String selector) {
    if (!KernelImages.present()) {
      return "this build has no kernels for GPUs, because there was no nvcc; build it again where"
          + " nvcc of CUDA 12.8 or newer is on the PATH or under CUDA_HOME";
    }
    try {
      return KernelImages.refusal(KernelImages.architectures(), DeviceInfo.select(selector));
    } catch (DeviceException e) {
      return e.getMessage();
    }
  }

  /** Returns the GPUs of this machine. */
  public static List<DeviceInfo> all() {
    return DeviceInfo.all();
  }

  /** Returns what does not change: name, compute capability, sizes. */
  public DeviceInfo info() {
    return info;
  }

  /** Returns ordinal, name and UUID. */
  public String description() {
    return info.description();
  }

  /** Returns the size of the memory in bytes. */
  public long totalMemory() {
    return memory()[1];
  }

  /** Returns the bytes of memory that are free now. */
  public long freeMemory() {
    return memory()[0];
  }

  /** Allocates memory; it is not cleared. */
  public DeviceBuffer allocate(String name, long bytes) {
    return new DeviceBuffer(Allocation.of(this, "buffer", name, bytes));
  }

  /**
   * Allocates an arena of a share of the memory that is free now.
   *
   * @param fraction above 0 and at most 1
   */
  public Arena arena(String name, double fraction) {
    if (!(fraction > 0 && fraction <= 1)) {
      throw new IllegalArgumentException(
          "memory fraction " + fraction + " of arena '" + name + "': use above 0 and at most 1");
    }
    long bytes = (long) (freeMemory() * fraction) / Arena.ALIGNMENT * Arena.ALIGNMENT;
    return new Arena(name, Allocation.of(this, "arena", name, bytes));
  }

  /** Allocates host memory for copies that do not wait. */
  public PinnedBuffer pinned(String name, int bytes) {
    return PinnedBuffer.of(this, name, bytes);
  }

  /** Makes a stream. */
  public Stream stream(String name) {
    return Stream.of(this, name);
  }

  /** Makes an event. */
  public Event event(String name) {
    return Event.of(this, name);
  }

  /**
   * Returns a kernel; its file is loaded at the first use.
   *
   * @param file the .cu file without its ending, such as {@code pack}
   * @param function the {@code extern "C"} name
   */
  public Kernel kernel(String file, String function) {
    synchronized (modules) {
      return modules.computeIfAbsent(file, f -> KernelModule.load(this, f)).kernel(function);
    }
  }

  /** Waits for all work of the device, of whatever stream. */
  public void synchronize() {
    use();
    Driver.check(cuCtxSynchronize(), "cuCtxSynchronize");
  }

  /**
   * Closes what is still open, and lets go of the device.
   *
   * @throws IllegalStateException if anything was open; the message lists it with sizes and the
   *     places that made it
   */
  @Override
  public void close() {
    if (!open) {
      return;
    }
    String leaks = resources.report();
    List<Runnable> closing = new ArrayList<>();
    resources.open().forEach(resource -> closing.add(resource::close));
    modules.values().forEach(module -> closing.add(module::close));
    closing.add(this::release);
    DeviceException failure = null;
    for (Runnable each : closing) {
      try {
        each.run();
      } catch (DeviceException e) {
        failure = failure == null ? e : failure;
      }
    }
    if (!leaks.isEmpty()) {
      throw new IllegalStateException(description() + " was closed with " + leaks, failure);
    }
    if (failure != null) {
      throw failure;
    }
  }

  private void release() {
    open = false;
    CURRENT.remove();
    Driver.check(cuDevicePrimaryCtxRelease(info.handle()), "cuDevicePrimaryCtxRelease");
  }

  /** Makes the device current for the calling thread, as every call of the driver needs. */
  void use() {
    if (!open) {
      throw new IllegalStateException(description() + " was used after it was closed");
    }
    if (CURRENT.get() != this) {
      Driver.check(cuCtxSetCurrent(context), "cuCtxSetCurrent to " + description());
      CURRENT.set(this);
    }
  }

  Resources resources() {
    return resources;
  }

  private long[] memory() {
    use();
    long[] free = new long[1];
    long[] total = new long[1];
    Driver.check(cuMemGetInfo(free, total), "cuMemGetInfo of " + description());
    return new long[] {free[0], total[0]};
  }
}
