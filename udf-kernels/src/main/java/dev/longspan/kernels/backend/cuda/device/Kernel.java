package dev.longspan.kernels.backend.cuda.device;

import static jcuda.driver.JCudaDriver.cuFuncGetAttribute;
import static jcuda.driver.JCudaDriver.cuFuncSetAttribute;
import static jcuda.driver.JCudaDriver.cuLaunchCooperativeKernel;
import static jcuda.driver.JCudaDriver.cuLaunchKernel;

import jcuda.driver.CUfunction;
import jcuda.driver.CUfunction_attribute;
import jcuda.driver.CUresult;

/**
 * A kernel and its next launch: {@code kernel.grid(g).block(b).shared(s).arg(x).arg(n).launch(t)}.
 *
 * <p>The arguments must be those of the kernel, in its order and types: a {@link DeviceBuffer} or a
 * long for a pointer, an int for an int, a float for a float. Nothing checks them. A launch
 * allocates nothing. Not thread safe: threads that launch one kernel take one each from {@link
 * Device#kernel}.
 */
public final class Kernel {
  /** More shared memory than this, the kernel's own included, must be asked for. */
  private static final int DEFAULT_SHARED_BYTES = 48 * 1024;

  private final Device device;
  private final String name;
  private final CUfunction handle;
  private final Arguments arguments = new Arguments();
  private final int registers;
  private final int maxThreads;
  private final int maxShared;
  private final int freeShared;
  private boolean sharedAskedFor;
  private int gridX;
  private int gridY;
  private int gridZ;
  private int blockX;
  private int blockY;
  private int blockZ;
  private int sharedBytes;

  Kernel(Device device, String file, String function, CUfunction handle) {
    this.device = device;
    this.name = file + "." + function;
    this.handle = handle;
    // Asking also makes a driver that loads lazily load it now, and not during a capture.
    this.registers = attribute(CUfunction_attribute.CU_FUNC_ATTRIBUTE_NUM_REGS);
    this.maxThreads = attribute(CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK);
    int ownShared = attribute(CUfunction_attribute.CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES);
    this.maxShared = device.info().maxSharedBytes() - ownShared;
    this.freeShared = DEFAULT_SHARED_BYTES - ownShared;
  }

  /** Returns file and function, such as {@code pack.pack_rows}. */
  public String name() {
    return name;
  }

  /** Returns the registers a thread takes. */
  public int registers() {
    return registers;
  }

  /** Returns the threads that a block may have at most. */
  public int maxThreads() {
    return maxThreads;
  }

  /**
   * Allows clusters of more than 8 blocks, which not every GPU can place.
   *
   * @throws DeviceException if the driver refuses it
   */
  public Kernel allowLargeClusters() {
    device.use();
    Driver.check(
        cuFuncSetAttribute(
            handle, CUfunction_attribute.CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED, 1),
        "cuFuncSetAttribute of large clusters for " + name);
    return this;
  }

  /** Starts a launch of so many blocks. */
  public Kernel grid(int x) {
    return grid(x, 1, 1);
  }

  /** Starts a launch of so many blocks. */
  public Kernel grid(int x, int y) {
    return grid(x, y, 1);
  }

  /** Starts a launch of so many blocks. */
  public Kernel grid(int x, int y, int z) {
    gridX = x;
    gridY = y;
    gridZ = z;
    block(0);
    shared(0);
    arguments.clear();
    return this;
  }

  /** Sets the threads of a block. */
  public Kernel block(int x) {
    return block(x, 1, 1);
  }

  /** Sets the threads of a block. */
  public Kernel block(int x, int y, int z) {
    blockX = x;
    blockY = y;
    blockZ = z;
    return this;
  }

  /** Sets the dynamic shared memory of a block; without it there is none. */
  public Kernel shared(int bytes) {
    sharedBytes = bytes;
    return this;
  }

  /** Adds a pointer: the start of a buffer. */
  public Kernel arg(DeviceBuffer buffer) {
    return arg(buffer.use().address());
  }

  /** Adds a pointer: the start of a buffer, or a null pointer for null. */
  public Kernel optional(DeviceBuffer buffer) {
    return buffer == null ? arg(0L) : arg(buffer);
  }

  /** Adds a pointer, or another argument of 8 bytes. */
  public Kernel arg(long value) {
    arguments.add(value);
    return this;
  }

  /** Adds an int. */
  public Kernel arg(int value) {
    arguments.add(value);
    return this;
  }

  /** Adds a float. */
  public Kernel arg(float value) {
    arguments.add(value);
    return this;
  }

  /**
   * Puts the launch on a stream.
   *
   * @throws DeviceException if the driver refuses it; the message names the kernel and its settings
   */
  public void launch(Stream stream) {
    askForShared();
    int result =
        stream.launched(
            name,
            cuLaunchKernel(
                handle,
                gridX,
                gridY,
                gridZ,
                blockX,
                blockY,
                blockZ,
                sharedBytes,
                stream.handle(),
                null,
                arguments.extra()));
    if (result != CUresult.CUDA_SUCCESS) {
      throw DeviceException.of(result, "launch of " + settings());
    }
  }

  /**
   * Puts a launch whose blocks wait for each other on a stream, unless they cannot all be at work
   * at once. The arguments must be the fields of one struct, the kernel's only parameter.
   *
   * @return whether there is room for all blocks; otherwise nothing was launched
   * @throws DeviceException if the driver refuses it for another reason
   */
  public boolean launchTogether(Stream stream) {
    askForShared();
    int result =
        stream.launched(
            name,
            cuLaunchCooperativeKernel(
                handle,
                gridX,
                gridY,
                gridZ,
                blockX,
                blockY,
                blockZ,
                sharedBytes,
                stream.handle(),
                arguments.oneParameter()));
    if (result == CUresult.CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE) {
      return false;
    }
    if (result != CUresult.CUDA_SUCCESS) {
      throw DeviceException.of(result, "launch of " + settings());
    }
    return true;
  }

  /** Gives the memory of the arguments back. */
  void free() {
    arguments.free();
  }

  private void askForShared() {
    if (sharedBytes <= freeShared || sharedAskedFor) {
      return;
    }
    device.use();
    Driver.check(
        cuFuncSetAttribute(
            handle,
            CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
            maxShared),
        "cuFuncSetAttribute of " + name);
    sharedAskedFor = true;
  }

  private String settings() {
    return String.format(
        "kernel %s (grid %d x %d x %d, block %d x %d x %d of at most %d threads, %d bytes of shared"
            + " memory of at most %d, %d bytes of arguments)",
        name,
        gridX,
        gridY,
        gridZ,
        blockX,
        blockY,
        blockZ,
        maxThreads,
        sharedBytes,
        maxShared,
        arguments.bytes());
  }

  private int attribute(int attribute) {
    device.use();
    int[] value = new int[1];
    Driver.check(cuFuncGetAttribute(value, attribute, handle), "cuFuncGetAttribute of " + name);
    return value[0];
  }
}
