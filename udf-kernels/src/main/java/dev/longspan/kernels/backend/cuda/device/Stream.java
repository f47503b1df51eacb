package dev.longspan.kernels.backend.cuda.device;

import static jcuda.driver.JCudaDriver.cuEventRecord;
import static jcuda.driver.JCudaDriver.cuMemcpyDtoDAsync;
import static jcuda.driver.JCudaDriver.cuMemcpyDtoHAsync;
import static jcuda.driver.JCudaDriver.cuMemcpyHtoDAsync;
import static jcuda.driver.JCudaDriver.cuMemsetD32Async;
import static jcuda.driver.JCudaDriver.cuMemsetD8Async;
import static jcuda.driver.JCudaDriver.cuStreamCreate;
import static jcuda.driver.JCudaDriver.cuStreamDestroy;
import static jcuda.driver.JCudaDriver.cuStreamQuery;
import static jcuda.driver.JCudaDriver.cuStreamSynchronize;
import static jcuda.driver.JCudaDriver.cuStreamWaitEvent;

import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.CUstream_flags;

/**
 * Work of a device in order: kernels, copies and graphs, while the host goes on.
 *
 * <p>Streams do not wait for each other unless {@link #waitFor} says so. An error of a kernel shows
 * at a later call; its message names what was launched last. With {@code -Dlongspan.cuda.sync=true}
 * every launch waits, and names the kernel that fails.
 */
public final class Stream extends DeviceResource {
  private static final int REMEMBERED = 8;
  private static final boolean SYNCHRONOUS = Boolean.getBoolean("longspan.cuda.sync");

  private final CUstream handle;
  private final String[] last = new String[REMEMBERED];
  private int launches;
  private boolean capturing;

  private Stream(Device device, String name, CUstream handle) {
    super(device, "stream", name, 0);
    this.handle = handle;
  }

  static Stream of(Device device, String name) {
    device.use();
    CUstream handle = new CUstream();
    Driver.check(cuStreamCreate(handle, CUstream_flags.CU_STREAM_NON_BLOCKING), "cuStreamCreate");
    return new Stream(device, name, handle);
  }

  /** Returns the device. */
  public Device device() {
    return device;
  }

  /** Waits until all work is done. */
  public void synchronize() {
    check(cuStreamSynchronize(handle()), "cuStreamSynchronize");
  }

  /** Returns whether all work is done. */
  public boolean isIdle() {
    int result = cuStreamQuery(handle());
    if (result == CUresult.CUDA_ERROR_NOT_READY) {
      return false;
    }
    check(result, "cuStreamQuery");
    return true;
  }

  /** Lets the event stand for the work so far. */
  public void record(Event event) {
    check(cuEventRecord(event.handle(), handle()), "cuEventRecord");
  }

  /** Lets the work that follows wait for an event of another stream. */
  public void waitFor(Event event) {
    check(cuStreamWaitEvent(handle(), event.handle(), 0), "cuStreamWaitEvent");
  }

  /** Copies {@code bytes} bytes from the host to the device. */
  public void upload(
      PinnedBuffer from, long fromOffset, DeviceBuffer to, long toOffset, long bytes) {
    check(
        cuMemcpyHtoDAsync(
            to.use("upload", toOffset, bytes),
            from.use("upload", fromOffset, bytes),
            bytes,
            handle()),
        "cuMemcpyHtoDAsync");
  }

  /** Copies {@code bytes} bytes from the device to the host. */
  public void download(
      DeviceBuffer from, long fromOffset, PinnedBuffer to, long toOffset, long bytes) {
    check(
        cuMemcpyDtoHAsync(
            to.use("download", toOffset, bytes),
            from.use("download", fromOffset, bytes),
            bytes,
            handle()),
        "cuMemcpyDtoHAsync");
  }

  /** Copies {@code bytes} bytes within the device. */
  public void copy(DeviceBuffer from, long fromOffset, DeviceBuffer to, long toOffset, long bytes) {
    check(
        cuMemcpyDtoDAsync(
            to.use("copy", toOffset, bytes), from.use("copy", fromOffset, bytes), bytes, handle()),
        "cuMemcpyDtoDAsync");
  }

  /** Sets every byte of a buffer; 0xFF makes every float of any width a NaN. */
  public void fill(DeviceBuffer buffer, int value) {
    check(cuMemsetD8Async(buffer.use(), (byte) value, buffer.bytes(), handle()), "cuMemsetD8Async");
  }

  /** Sets {@code count} ints of a buffer, from its start. */
  public void fillInts(DeviceBuffer buffer, int value, long count) {
    check(
        cuMemsetD32Async(buffer.use("fillInts", 0, 4 * count), value, count, handle()),
        "cuMemsetD32Async");
  }

  /** Records what {@code work} puts on this stream, instead of running it. */
  public Graph capture(String name, Runnable work) {
    return Graph.capture(this, name, work);
  }

  CUstream handle() {
    use();
    return handle;
  }

  void capturing(boolean now) {
    capturing = now;
  }

  /**
   * Remembers a launch, and waits for it where that is asked for.
   *
   * @param what the kernel or graph
   * @param result what the driver said
   * @return what it says in the end
   */
  int launched(String what, int result) {
    if (capturing || result != CUresult.CUDA_SUCCESS) {
      return result;
    }
    last[launches % REMEMBERED] = what;
    launches++;
    return SYNCHRONOUS ? cuStreamSynchronize(handle) : result;
  }

  void check(int result, String call) {
    if (result != CUresult.CUDA_SUCCESS) {
      throw DeviceException.of(result, call + " on stream '" + name() + "'" + lastLaunches());
    }
  }

  private String lastLaunches() {
    if (launches == 0) {
      return "";
    }
    StringBuilder text = new StringBuilder(" (last launches: ");
    int first = Math.max(0, launches - REMEMBERED);
    for (int i = first; i < launches; i++) {
      text.append(i == first ? "" : ", ").append(last[i % REMEMBERED]);
    }
    return text.append(')').toString();
  }

  @Override
  void free() {
    Driver.check(cuStreamDestroy(handle), "cuStreamDestroy");
  }
}
