package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;
import dev.longspan.kernels.backend.cuda.device.Event;
import dev.longspan.kernels.backend.cuda.device.PinnedBuffer;
import dev.longspan.kernels.backend.cuda.device.Stream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Pinned host memory in parts that take turns, each free again when its copy is done. */
final class StagingRing implements AutoCloseable {
  private final PinnedBuffer memory;
  private final Event[] done;
  private final boolean[] used;
  private final int partBytes;
  private int part = -1;

  /** Creates a ring of {@code parts} parts of {@code partBytes} bytes. */
  StagingRing(Device device, String name, int parts, int partBytes) {
    this.partBytes = partBytes;
    memory = device.pinned(name, Math.multiplyExact(parts, partBytes));
    done = new Event[parts];
    used = new boolean[parts];
    for (int i = 0; i < parts; i++) {
      done[i] = device.event(name + " " + i);
    }
  }

  /** Returns the bytes of a part. */
  int partBytes() {
    return partBytes;
  }

  /** Goes to the next part, waits until it is free, and returns its number. */
  int next() {
    part = (part + 1) % done.length;
    if (used[part]) {
      done[part].synchronize();
    }
    return part;
  }

  /** Returns the memory of a part, in native byte order. */
  ByteBuffer memory(int which) {
    return memory.memory().slice(which * partBytes, partBytes).order(ByteOrder.nativeOrder());
  }

  /** Copies the first bytes of the current part to a buffer. */
  void upload(Stream stream, DeviceBuffer to, long bytes) {
    stream.upload(memory, (long) part * partBytes, to, 0, bytes);
    mark(stream);
  }

  /** Copies the start of a buffer to a place in the current part. */
  void download(Stream stream, DeviceBuffer from, int at, long bytes) {
    stream.download(from, 0, memory, (long) part * partBytes + at, bytes);
  }

  /** Lets the current part be in use until the work so far is done. */
  void mark(Stream stream) {
    stream.record(done[part]);
    used[part] = true;
  }

  /** Waits for the work before the last {@link #mark} of a part. */
  void await(int which) {
    done[which].synchronize();
  }

  @Override
  public void close() {
    for (Event event : done) {
      event.close();
    }
    memory.close();
  }
}
