package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;
import dev.longspan.kernels.backend.cuda.device.Stream;
import java.nio.ByteBuffer;

/**
 * The small arrays of one step: gathered in pinned memory and brought to the device in one copy.
 */
final class Descriptors {
  private static final int ALIGNMENT = 16;

  private final StagingRing ring;
  private final DeviceBuffer to;
  private final ByteBuffer memory;

  /** Starts a step's descriptors; waits until a part of the ring is free. */
  Descriptors(StagingRing ring, DeviceBuffer to) {
    this.ring = ring;
    this.to = to;
    memory = ring.memory(ring.next());
  }

  /** Adds an array and returns where it will be. */
  DeviceBuffer add(String name, int... values) {
    DeviceBuffer slice = reserve(name, Math.max(1, values.length) * Integer.BYTES);
    memory
        .slice(offset(slice), values.length * Integer.BYTES)
        .order(memory.order())
        .asIntBuffer()
        .put(values);
    return slice;
  }

  /** Reserves an array and returns where it will be; {@link #host} is where to write it. */
  DeviceBuffer reserve(String name, int bytes) {
    DeviceBuffer slice = to.slice(name, memory.position(), bytes);
    memory.position((memory.position() + bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
    return slice;
  }

  /** Returns the host's side of an array. */
  ByteBuffer host(DeviceBuffer slice) {
    return memory.slice(offset(slice), (int) slice.bytes()).order(memory.order());
  }

  private int offset(DeviceBuffer slice) {
    return (int) (slice.address() - to.address());
  }

  /** Enqueues the copy of all. */
  void upload(Stream stream) {
    ring.upload(stream, to, memory.position());
  }
}
