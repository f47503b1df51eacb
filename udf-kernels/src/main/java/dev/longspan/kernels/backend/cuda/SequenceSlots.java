package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.backend.KvStore;
import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;
import dev.longspan.kernels.model.Sequence;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What the device remembers of the running sequences: their page tables, the tokens drawn last, and
 * which tokens a repetition penalty meets.
 *
 * <p>A sequence has a slot from its first step on, until the slot is that which has not been used
 * for the longest time and another sequence needs one.
 */
final class SequenceSlots implements AutoCloseable {
  /** Sequences that can run at the same time. */
  static final int SLOTS = 1024;

  /** Bytes of an {@code Assignment} of {@code step.cu}. */
  static final int ASSIGNMENT_BYTES = 4 * Integer.BYTES;

  private final int width;
  private final int bitmapBytes;
  private final Map<Sequence, Slot> slots = new LinkedHashMap<>(2 * SLOTS, 0.75f, true);
  private final DeviceBuffer memory;
  private final DeviceBuffer pageTable;
  private final DeviceBuffer drawn;
  private final DeviceBuffer bitmaps;

  /** The place of one sequence. */
  static final class Slot {
    private final int index;
    private int pages;
    private boolean marked;

    private Slot(int index) {
      this.index = index;
    }

    /** Returns its number. */
    int index() {
      return index;
    }

    /** Returns whether its bitmap of seen tokens is up to date, and takes it to be from now on. */
    boolean mark() {
      boolean was = marked;
      marked = true;
      return was;
    }
  }

  SequenceSlots(Device device, int maxPositions, int bitmapInts) {
    width = pagesOf(maxPositions);
    bitmapBytes = bitmapInts * Integer.BYTES;
    memory = device.allocate("sequences", bytes(maxPositions, bitmapInts));
    Pieces pieces = new Pieces(memory);
    pageTable = pieces.take("page tables", (long) SLOTS * width * Integer.BYTES);
    drawn = pieces.take("drawn tokens", (long) SLOTS * Integer.BYTES);
    bitmaps = pieces.take("seen tokens", (long) SLOTS * bitmapBytes);
  }

  /** Returns the bytes of device memory. */
  static long bytes(int maxPositions, int bitmapInts) {
    // A multiple of the alignment of pieces as it is: a slot's part is counted 1,024 times.
    return (long) SLOTS * Integer.BYTES * (pagesOf(maxPositions) + 1 + bitmapInts);
  }

  private static int pagesOf(int maxPositions) {
    return (maxPositions + KvStore.PAGE - 1) / KvStore.PAGE;
  }

  /** Returns the page tables, int; that of a slot starts at {@link #table}. */
  DeviceBuffer pageTable() {
    return pageTable;
  }

  /** Returns the last drawn token of each slot, int. */
  DeviceBuffer drawn() {
    return drawn;
  }

  /** Returns the bitmaps of seen tokens of all slots. */
  DeviceBuffer bitmaps() {
    return bitmaps;
  }

  /** Returns one slot's bitmap of seen tokens. */
  DeviceBuffer bitmap(Slot slot) {
    return bitmaps.slice("seen tokens", (long) slot.index * bitmapBytes, bitmapBytes);
  }

  /** Returns the first entry of a slot's page table. */
  int table(Slot slot) {
    return slot.index * width;
  }

  /** Returns the slot of a sequence that takes part in a step. */
  Slot of(Sequence sequence) {
    Slot slot = slots.get(sequence);
    if (slot == null) {
      slot = new Slot(slots.size() < SLOTS ? slots.size() : dropOldest());
      slots.put(sequence, slot);
    }
    return slot;
  }

  private int dropOldest() {
    Iterator<Slot> oldest = slots.values().iterator();
    int index = oldest.next().index;
    oldest.remove();
    return index;
  }

  /** Returns whether a sequence has pages that the device does not know yet. */
  boolean hasNewPages(Sequence sequence, Slot slot) {
    return slot.pages < sequence.pageCount();
  }

  /**
   * Writes assignments of such pages to a buffer, as many as fit.
   *
   * @param start position that the step writes first: pages from there on hold nothing
   */
  void assign(Sequence sequence, Slot slot, int start, ByteBuffer to) {
    for (; hasNewPages(sequence, slot) && to.hasRemaining(); slot.pages++) {
      int i = slot.pages;
      int fresh = i * KvStore.PAGE >= start ? 1 : 0;
      to.putInt(table(slot) + i).putInt(sequence.page(i)).putInt(fresh).putInt(0);
    }
  }

  @Override
  public void close() {
    slots.clear();
    memory.close();
  }
}
