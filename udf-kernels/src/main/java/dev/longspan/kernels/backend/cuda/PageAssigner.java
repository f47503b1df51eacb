package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;
import dev.longspan.kernels.backend.cuda.device.Kernel;
import dev.longspan.kernels.backend.cuda.device.Stream;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.Sequence;
import dev.longspan.kernels.model.Step;
import java.nio.ByteBuffer;

/** Tells the device which pages the sequences of a step have got since their last step. */
final class PageAssigner implements AutoCloseable {
  /** Assignments that are brought at once: a prompt of 256K tokens. */
  private static final int ASSIGNMENTS = 4096;

  private static final int PARTS = 4;

  private final ModelConfig config;
  private final Kernel kernel;
  private final StagingRing ring;
  private final DeviceBuffer assignments;

  PageAssigner(Device device, ModelConfig config) {
    this.config = config;
    kernel = device.kernel("step", "assign_pages");
    int bytes = ASSIGNMENTS * SequenceSlots.ASSIGNMENT_BYTES;
    ring = new StagingRing(device, "new pages", PARTS, bytes);
    assignments = device.allocate("new pages", bytes);
  }

  /** Enqueues what brings the page tables of a step's sequences up to date. */
  void assign(Stream stream, Step step, CudaKvStore kv) {
    ByteBuffer to = null;
    for (Step.Segment segment : step.segments()) {
      Sequence sequence = segment.sequence();
      SequenceSlots.Slot slot = kv.slots().of(sequence);
      while (kv.slots().hasNewPages(sequence, slot)) {
        if (to == null) {
          to = ring.memory(ring.next());
        }
        kv.slots().assign(sequence, slot, segment.start(), to);
        if (!to.hasRemaining()) {
          launch(stream, to, kv);
          to = null;
        }
      }
    }
    if (to != null) {
      launch(stream, to, kv);
    }
  }

  private void launch(Stream stream, ByteBuffer filled, CudaKvStore kv) {
    ring.upload(stream, assignments, filled.position());
    kernel
        .grid(filled.position() / SequenceSlots.ASSIGNMENT_BYTES, config.layers(), config.kvHeads())
        .block(256)
        .arg(assignments)
        .arg(kv.slots().pageTable())
        .arg(kv.cache(0))
        .arg(kv.layerElements())
        .arg(config.headDim())
        .launch(stream);
  }

  @Override
  public void close() {
    ring.close();
    assignments.close();
  }
}
