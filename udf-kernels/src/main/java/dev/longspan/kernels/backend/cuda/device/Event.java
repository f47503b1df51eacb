package dev.longspan.kernels.backend.cuda.device;

import static jcuda.driver.JCudaDriver.cuEventCreate;
import static jcuda.driver.JCudaDriver.cuEventDestroy;
import static jcuda.driver.JCudaDriver.cuEventElapsedTime;
import static jcuda.driver.JCudaDriver.cuEventQuery;
import static jcuda.driver.JCudaDriver.cuEventSynchronize;

import jcuda.driver.CUevent;
import jcuda.driver.CUevent_flags;
import jcuda.driver.CUresult;

/** A point in a stream's work, to wait for or to measure from; see {@link Stream#record}. */
public final class Event extends DeviceResource {
  private final CUevent handle;

  private Event(Device device, String name, CUevent handle) {
    super(device, "event", name, 0);
    this.handle = handle;
  }

  static Event of(Device device, String name) {
    device.use();
    CUevent handle = new CUevent();
    Driver.check(cuEventCreate(handle, CUevent_flags.CU_EVENT_DEFAULT), "cuEventCreate");
    return new Event(device, name, handle);
  }

  /** Returns whether the work before the last {@link Stream#record} is done. */
  public boolean isDone() {
    int result = cuEventQuery(handle());
    if (result == CUresult.CUDA_ERROR_NOT_READY) {
      return false;
    }
    Driver.check(result, "cuEventQuery");
    return true;
  }

  /** Waits until the work before the last {@link Stream#record} is done. */
  public void synchronize() {
    int result = cuEventSynchronize(handle());
    if (result != CUresult.CUDA_SUCCESS) {
      throw DeviceException.of(result, "cuEventSynchronize of event '" + name() + "'");
    }
  }

  /** Returns the milliseconds from another event to this one, once both are done. */
  public float millisSince(Event start) {
    float[] millis = new float[1];
    int result = cuEventElapsedTime(millis, start.handle(), handle());
    if (result != CUresult.CUDA_SUCCESS) {
      throw DeviceException.of(
          result, "cuEventElapsedTime from event '" + start.name() + "' to '" + name() + "'");
    }
    return millis[0];
  }

  CUevent handle() {
    use();
    return handle;
  }

  @Override
  void free() {
    Driver.check(cuEventDestroy(handle), "cuEventDestroy");
  }
}
