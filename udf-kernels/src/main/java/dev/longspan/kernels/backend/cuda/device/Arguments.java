package dev.longspan.kernels.backend.cuda.device;

import static jcuda.driver.JCudaDriver.cuMemFreeHost;
import static jcuda.driver.JCudaDriver.cuMemHostAlloc;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jcuda.Pointer;

/**
 * The arguments of a kernel's next launch, in memory whose address does not change.
 *
 * <p>The driver is given one address, where it finds what cuda.h calls the extra options: where the
 * arguments are and how many bytes. JCuda passes a plain address on as it is; Java arrays and
 * buffers it would look into at every launch, which takes as long as the launch.
 */
final class Arguments {
  /** What a kernel may have before 12.1; far more than any of ours. */
  private static final int CAPACITY = 4096;

  /** CU_LAUNCH_PARAM_BUFFER_POINTER, an address, CU_LAUNCH_PARAM_BUFFER_SIZE, another, and END. */
  private static final int OPTIONS = 5 * Long.BYTES;

  private static final int SIZE = OPTIONS;
  private static final int PARAMETERS = SIZE + Long.BYTES;
  private static final int FIRST = 64;

  private final HostPointer memory = new HostPointer();
  private final ByteBuffer options;
  private final ByteBuffer values;
  private final Pointer address;
  private final Pointer parameters;
  private boolean freed;

  Arguments() {
    Driver.check(
        cuMemHostAlloc(memory, FIRST + CAPACITY, 0), "cuMemHostAlloc of a kernel's arguments");
    long start = memory.address();
    options = memory.getByteBuffer(0, FIRST).order(ByteOrder.nativeOrder());
    options.putLong(1).putLong(start + FIRST).putLong(2).putLong(start + SIZE).putLong(0);
    values = memory.getByteBuffer(FIRST, CAPACITY).order(ByteOrder.nativeOrder());
    options.putLong(PARAMETERS, start + FIRST);
    address = new HostPointer(start);
    parameters = new HostPointer(start + PARAMETERS);
  }

  void clear() {
    values.clear();
  }

  void add(long value) {
    place(Long.BYTES).putLong(value);
  }

  void add(int value) {
    place(Integer.BYTES).putInt(value);
  }

  void add(float value) {
    place(Float.BYTES).putFloat(value);
  }

  int bytes() {
    return values.position();
  }

  /** Returns what cuLaunchKernel takes as its last parameter. */
  Pointer extra() {
    options.putLong(SIZE, bytes());
    return address;
  }

  /** Returns what launches without extra options take: addresses of parameters, here of one. */
  Pointer oneParameter() {
    return parameters;
  }

  void free() {
    freed = true;
    Driver.check(cuMemFreeHost(memory), "cuMemFreeHost");
  }

  /** Goes on to the next place for a value of so many bytes; memory that is gone is not touched. */
  private ByteBuffer place(int bytes) {
    if (freed) {
      throw new IllegalStateException("a kernel was used after its device was closed");
    }
    return values.position((values.position() + bytes - 1) / bytes * bytes);
  }

  /** An address of the host whose value can be read and chosen. */
  private static final class HostPointer extends Pointer {
    HostPointer() {}

    HostPointer(long address) {
      super(address);
    }

    long address() {
      return getNativePointer();
    }
  }
}
