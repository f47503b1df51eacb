package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;
import dev.longspan.kernels.backend.cuda.device.Kernel;
import dev.longspan.kernels.backend.cuda.device.Stream;
import dev.longspan.kernels.model.Pick;
import dev.longspan.kernels.model.Sequence;
import java.util.BitSet;

/** What sampling needs in prompts and in answers: bitmaps of seen tokens, and who drew what. */
final class DevicePicks implements AutoCloseable {
  private static final int BITMAPS = 32;

  private final DeviceSampler sampler;
  private final Kernel keepDrawn;
  private final StagingRing bitmaps;

  DevicePicks(Device device, int vocab) {
    sampler = new DeviceSampler(device, vocab);
    keepDrawn = device.kernel("step", "keep_drawn");
    bitmaps = new StagingRing(device, "seen tokens", BITMAPS, sampler.bitmapInts() * Integer.BYTES);
  }

  DeviceSampler sampler() {
    return sampler;
  }

  /**
   * Returns the number of the bitmap that a draw uses; brings the bitmap to the device where this
   * is the sequence's first draw there.
   */
  int bitmap(Stream stream, Pick.Draw draw, Sequence sequence, CudaKvStore kv) {
    if (draw.filters().repetitionPenalty() == 1) {
      return DeviceSampler.NOT_MARKED;
    }
    SequenceSlots.Slot slot = kv.slots().of(sequence);
    if (!slot.mark()) {
      put(draw.seen(), bitmaps.next());
      bitmaps.upload(stream, kv.slots().bitmap(slot), bitmaps.partBytes());
    }
    return slot.index();
  }

  private void put(BitSet seen, int part) {
    long[] words = seen.toLongArray();
    var to = bitmaps.memory(part).asIntBuffer();
    for (int i = 0; i < to.capacity(); i++) {
      long word = i / 2 < words.length ? words[i / 2] : 0;
      to.put(i, (int) (word >>> 32 * (i % 2)));
    }
  }

  /**
   * Enqueues that the slots remember the tokens drawn.
   *
   * @param tokens int [count]
   * @param slots int [count]; negative for none
   */
  void keep(Stream stream, DeviceBuffer tokens, DeviceBuffer slots, int count, CudaKvStore kv) {
    keepDrawn
        .grid((count + 255) / 256)
        .block(256)
        .arg(tokens)
        .arg(slots)
        .arg(count)
        .arg(kv.slots().drawn())
        .launch(stream);
  }

  @Override
  public void close() {
    bitmaps.close();
  }
}
