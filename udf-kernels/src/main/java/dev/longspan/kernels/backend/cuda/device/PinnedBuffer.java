package dev.longspan.kernels.backend.cuda.device;

import static jcuda.driver.JCudaDriver.cuMemFreeHost;
import static jcuda.driver.JCudaDriver.cuMemHostAlloc;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jcuda.Pointer;
import jcuda.driver.JCudaDriver;

/** Host memory that the device copies from and to by itself, while the host goes on. */
public final class PinnedBuffer extends DeviceResource {
  private final Pointer pointer;
  private final ByteBuffer memory;

  private PinnedBuffer(Device device, String name, long bytes, Pointer pointer, ByteBuffer memory) {
    super(device, "pinned buffer", name, bytes);
    this.pointer = pointer;
    this.memory = memory;
  }

  static PinnedBuffer of(Device device, String name, int bytes) {
    if (bytes <= 0) {
      throw new IllegalArgumentException(
          "pinned buffer '" + name + "' of " + bytes + " bytes: use 1 or more");
    }
    device.use();
    Pointer pointer = new Pointer();
    int result = cuMemHostAlloc(pointer, bytes, JCudaDriver.CU_MEMHOSTALLOC_PORTABLE);
    if (result != 0) {
      throw DeviceException.of(
          result,
          String.format("cuMemHostAlloc of pinned buffer '%s' of %s", name, Sizes.text(bytes)));
    }
    ByteBuffer memory = pointer.getByteBuffer(0, bytes).order(ByteOrder.nativeOrder());
    return new PinnedBuffer(device, name, bytes, pointer, memory);
  }

  /** Returns the size. */
  public int bytes() {
    return memory.capacity();
  }

  /**
   * Returns the memory, in native byte order. It must not be touched after {@link #close}, nor
   * written while a copy from it is under way.
   */
  public ByteBuffer memory() {
    return memory;
  }

  Pointer use(String what, long offset, long size) {
    if (offset < 0 || size < 0 || offset > bytes() - size) {
      throw new IndexOutOfBoundsException(
          String.format("%s: bytes [%d, %d) of %s", what, offset, offset + size, label()));
    }
    use();
    return offset == 0 ? pointer : pointer.withByteOffset(offset);
  }

  @Override
  void free() {
    Driver.check(cuMemFreeHost(pointer), "cuMemFreeHost");
  }
}
