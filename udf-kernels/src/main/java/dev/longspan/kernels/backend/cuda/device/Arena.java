package dev.longspan.kernels.backend.cuda.device;

import java.util.ArrayList;
import java.util.List;

/**
 * One allocation from which an engine takes all its memory, so that nothing is allocated later and
 * nobody else can take it meanwhile.
 */
public final class Arena implements AutoCloseable {
  /** Every piece starts at a multiple of this: what bulk copies and panel matrices ask for. */
  public static final long ALIGNMENT = 1024;

  private final String name;
  private final DeviceBuffer memory;
  private final List<DeviceBuffer> taken = new ArrayList<>();
  private long used;

  Arena(String name, Allocation allocation) {
    this.name = name;
    this.memory = new DeviceBuffer(allocation);
  }

  /**
   * Takes the next piece.
   *
   * @throws DeviceException if it does not fit; the message lists what was taken
   */
  public DeviceBuffer take(String piece, long bytes) {
    if (bytes <= 0) {
      throw new IllegalArgumentException(
          "buffer '" + piece + "' of " + bytes + " bytes: use 1 or more");
    }
    if (bytes > remaining()) {
      throw DeviceException.outOfMemory(
          String.format(
              "buffer '%s' of %s does not fit: %s. Use a larger memory fraction, a smaller model"
                  + " or batch, or a GPU with more memory",
              piece, Sizes.text(bytes), report()));
    }
    DeviceBuffer buffer = memory.slice(piece, used, bytes);
    used = Math.min(memory.bytes(), (used + bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
    taken.add(buffer);
    return buffer;
  }

  /** Returns the size. */
  public long bytes() {
    return memory.bytes();
  }

  /** Returns the size of the largest piece that still fits. */
  public long remaining() {
    return memory.bytes() - used;
  }

  /** Returns what was taken and what is left, in one line. */
  public String report() {
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            "arena '%s' of %s has %s left",
            name, Sizes.text(memory.bytes()), Sizes.text(remaining())));
    String separator = " after ";
    for (DeviceBuffer buffer : taken) {
      text.append(separator).append(buffer.name()).append(' ').append(Sizes.text(buffer.bytes()));
      separator = ", ";
    }
    return text.toString();
  }

  /** Gives the memory back, and with it every piece. */
  @Override
  public void close() {
    memory.close();
  }
}
