package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;

/**
 * Divides one allocation into named pieces; without memory it only adds up what they would take.
 */
final class Pieces {
  /** Every piece starts at a multiple of this: what bulk copies and panel matrices ask for. */
  private static final long ALIGNMENT = 1024;

  private final DeviceBuffer memory;
  private long used;

  /** Creates a divider of {@code memory}; null to learn how much is needed. */
  Pieces(DeviceBuffer memory) {
    this.memory = memory;
  }

  /** Returns the next piece, or null without memory. */
  DeviceBuffer take(String name, long bytes) {
    long at = used;
    used += (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return memory == null ? null : memory.slice(name, at, bytes);
  }

  /** Returns whether there is no memory. */
  boolean counting() {
    return memory == null;
  }

  /** Returns the bytes taken so far. */
  long used() {
    return used;
  }
}
