package dev.longspan.kernels.backend.cuda.device;

import static jcuda.driver.JCudaDriver.cuMemcpyDtoH;
import static jcuda.driver.JCudaDriver.cuMemcpyHtoD;

import java.nio.Buffer;
import java.nio.ByteBuffer;
import jcuda.Pointer;

/**
 * A named piece of device memory: an allocation of its own, or a part of another one.
 *
 * <p>The copies here are for set-up and tests: each waits for all work of the device before it
 * starts and returns when it is done. {@link Stream} has the ones that do not wait.
 */
public final class DeviceBuffer implements AutoCloseable {
  private final Allocation allocation;
  private final boolean owner;
  private final String name;
  private final long bytes;
  private final DevicePointer pointer;

  /** Makes a buffer of a whole allocation, which closes with it. */
  DeviceBuffer(Allocation allocation) {
    this(allocation, true, allocation.name(), allocation.pointer(), allocation.size());
  }

  private DeviceBuffer(
      Allocation allocation, boolean owner, String name, DevicePointer pointer, long bytes) {
    this.allocation = allocation;
    this.owner = owner;
    this.name = name;
    this.pointer = pointer;
    this.bytes = bytes;
  }

  /** Returns the name that messages use. */
  public String name() {
    return name;
  }

  /** Returns the size. */
  public long bytes() {
    return bytes;
  }

  /** Returns the device address of the first byte. */
  public long address() {
    return pointer.address();
  }

  /**
   * Returns a part of this buffer, which is valid while this one's memory is; closing it does
   * nothing.
   *
   * @throws IndexOutOfBoundsException if it reaches beyond the end
   */
  public DeviceBuffer slice(String part, long offset, long size) {
    check("slice '" + part + "'", offset, size);
    return new DeviceBuffer(allocation, false, part, pointer.plus(offset), size);
  }

  /** Copies an array to the start of this buffer; waits for the device before and after. */
  public void copyFrom(byte[] from) {
    upload(Pointer.to(from), from.length);
  }

  /** Copies an array to the start of this buffer; waits for the device before and after. */
  public void copyFrom(short[] from) {
    upload(Pointer.to(from), 2L * from.length);
  }

  /** Copies an array to the start of this buffer; waits for the device before and after. */
  public void copyFrom(int[] from) {
    upload(Pointer.to(from), 4L * from.length);
  }

  /** Copies an array to the start of this buffer; waits for the device before and after. */
  public void copyFrom(long[] from) {
    upload(Pointer.to(from), 8L * from.length);
  }

  /** Copies an array to the start of this buffer; waits for the device before and after. */
  public void copyFrom(float[] from) {
    upload(Pointer.to(from), 4L * from.length);
  }

  /**
   * Copies what remains of a direct buffer (also of a mapped file) to the start of this buffer;
   * waits for the device before and after.
   */
  public void copyFrom(ByteBuffer from) {
    upload(toDirect(from), from.remaining());
  }

  /** Fills an array from the start of this buffer; waits for the device before and after. */
  public void copyTo(byte[] to) {
    download(Pointer.to(to), to.length);
  }

  /** Fills an array from the start of this buffer; waits for the device before and after. */
  public void copyTo(short[] to) {
    download(Pointer.to(to), 2L * to.length);
  }

  /** Fills an array from the start of this buffer; waits for the device before and after. */
  public void copyTo(int[] to) {
    download(Pointer.to(to), 4L * to.length);
  }

  /** Fills an array from the start of this buffer; waits for the device before and after. */
  public void copyTo(long[] to) {
    download(Pointer.to(to), 8L * to.length);
  }

  /** Fills an array from the start of this buffer; waits for the device before and after. */
  public void copyTo(float[] to) {
    download(Pointer.to(to), 4L * to.length);
  }

  /** Gives the memory back, if this is a whole allocation; closing twice does nothing. */
  @Override
  public void close() {
    if (owner) {
      allocation.close();
    }
  }

  @Override
  public String toString() {
    return "buffer '" + name + "' of " + Sizes.text(bytes);
  }

  /** Fails if the memory was given back, and makes the device current for the calling thread. */
  DevicePointer use() {
    allocation.use();
    return pointer;
  }

  /** Returns where {@code size} bytes at {@code offset} lie, if they do. */
  DevicePointer use(String what, long offset, long size) {
    check(what, offset, size);
    return use().plus(offset);
  }

  private void check(String what, long offset, long size) {
    if (offset < 0 || size < 0 || offset > bytes - size) {
      throw new IndexOutOfBoundsException(
          String.format("%s: bytes [%d, %d) of %s", what, offset, offset + size, this));
    }
  }

  static Pointer toDirect(ByteBuffer buffer) {
    if (!buffer.isDirect()) {
      throw new IllegalArgumentException(
          "the buffer lies in the Java heap; use ByteBuffer.allocateDirect or a PinnedBuffer");
    }
    return Pointer.toBuffer((Buffer) buffer);
  }

  private void upload(Pointer from, long size) {
    DevicePointer to = use("copyFrom", 0, size);
    allocation.device.synchronize();
    Driver.check(cuMemcpyHtoD(to, from, size), "cuMemcpyHtoD");
    // The driver returns when it has staged pageable memory, not when the device has it.
    allocation.device.synchronize();
  }

  private void download(Pointer to, long size) {
    DevicePointer from = use("copyTo", 0, size);
    allocation.device.synchronize();
    Driver.check(cuMemcpyDtoH(to, from, size), "cuMemcpyDtoH");
  }
}
