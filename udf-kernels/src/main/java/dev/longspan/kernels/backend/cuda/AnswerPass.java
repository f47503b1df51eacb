package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.backend.SelectionListener;
import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;
import dev.longspan.kernels.backend.cuda.device.Graph;
import dev.longspan.kernels.backend.cuda.device.Kernel;
import dev.longspan.kernels.backend.cuda.device.Stream;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.Pending;
import dev.longspan.kernels.model.Pick;
import dev.longspan.kernels.model.Results;
import dev.longspan.kernels.model.SparseConfig;
import dev.longspan.kernels.model.Step;
import dev.longspan.kernels.sampling.Filters;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/**
 * The way of a step of answers through the decoder, from a graph where it has been gone before.
 *
 * <p>Steps are padded to a power of two rows. Everything that differs between two steps of one size
 * comes from device memory, so that one graph serves them all; a second one of each size serves
 * steps with sparse rows.
 */
final class AnswerPass {
  private static final int RING_PARTS = 4;
  private static final int RESULT_PARTS = 16;

  private final Device device;
  private final Stream stream;
  private final ModelConfig config;
  private final CudaWeights weights;
  private final Supplier<SelectionListener> listener;
  private final Norms norms;
  private final RopeStore rope;
  private final DevicePicks picks;
  private final AnswerBuffers b;
  private final AnswerProducts products;
  private final DecodeAttention attention;
  private final Kernel answerTokens;
  private final StagingRing ring;
  private final StagingRing results;

  /**
   * What one graph is for.
   *
   * @param rows rows with padding
   * @param dense whether there are dense rows
   * @param settings of the sparse rows
   */
  record Shape(int rows, boolean dense, List<SparseConfig> settings) {}

  AnswerPass(CudaDecoder.Parts parts, AnswerBuffers buffers, AnswerProducts products) {
    device = parts.device();
    stream = parts.stream();
    config = parts.config();
    weights = parts.weights();
    listener = parts.listener();
    norms = parts.norms();
    rope = parts.rope();
    picks = parts.picks();
    b = buffers;
    this.products = products;
    attention =
        parts.own(new DecodeAttention(device, config, AnswerBuffers.ROWS, config.maxPositions()));
    answerTokens = device.kernel("step", "answer_tokens");
    ring =
        parts.own(
            new StagingRing(device, "steps of answers", RING_PARTS, AnswerBuffers.stepBytes()));
    results =
        parts.own(
            new StagingRing(
                device, "results of answers", RESULT_PARTS, AnswerBuffers.ROWS * Integer.BYTES));
  }

  Pending launch(Step step, CudaKvStore kv) {
    int size = step.rows() == 1 ? 1 : Integer.highestOneBit(2 * step.rows() - 1);
    Shape shape = describe(step, kv, ring.memory(ring.next()), size);
    ring.upload(stream, b.step, AnswerBuffers.stepBytes());
    if (listener.get() != null) {
      enqueue(shape, step, kv);
    } else if (kv.graph(shape) != null) {
      kv.graph(shape).launch(stream);
    } else {
      // The first time brings every kernel to the device, which a recording must not do.
      enqueue(shape, step, kv);
      Graph graph = stream.capture("answers " + shape, () -> enqueue(shape, step, kv));
      kv.addGraph(shape, graph);
    }
    return collect(step);
  }

  /** Writes the rows of a step. */
  private Shape describe(Step step, CudaKvStore kv, ByteBuffer to, int size) {
    boolean dense = false;
    List<SparseConfig> settings = new ArrayList<>();
    int ints = AnswerBuffers.ROWS * Integer.BYTES;
    for (int row = 0; row < size; row++) {
      int at = row * Integer.BYTES;
      for (int array = 0; array < 6 + AnswerBuffers.SETTINGS; array++) {
        to.putInt(array * ints + at, array < 2 || array == 4 ? -1 : 0);
      }
      DeviceSampler.put(draws(to), row, Filters.GREEDY, 0, DeviceSampler.NOT_MARKED);
      if (row >= step.rows()) {
        continue;
      }
      Step.Segment segment = step.segments().get(row);
      SequenceSlots.Slot slot = kv.slots().of(segment.sequence());
      to.putInt(at, step.tokens()[row]);
      to.putInt(ints + at, segment.start());
      to.putInt(2 * ints + at, kv.slots().table(slot));
      to.putInt(3 * ints + at, slot.index());
      SparseConfig own = PromptStep.settings(segment);
      if (own == null) {
        dense = true;
      } else {
        if (!settings.contains(own)) {
          settings.add(own);
        }
        int array = Math.min(settings.indexOf(own), AnswerBuffers.SETTINGS - 1);
        to.putInt(5 * ints + at, 1);
        to.putInt((6 + array) * ints + at, 1);
      }
    }
    for (Pick pick : step.picks()) {
      if (pick instanceof Pick.Draw draw) {
        Step.Segment segment = step.segments().get(draw.row());
        to.putInt(4 * ints + draw.row() * Integer.BYTES, kv.slots().of(segment.sequence()).index());
        int bitmap = picks.bitmap(stream, draw, segment.sequence(), kv);
        DeviceSampler.put(draws(to), draw.row(), draw.filters(), draw.uniform(), bitmap);
      }
    }
    if (settings.size() > AnswerBuffers.SETTINGS) {
      throw new IllegalArgumentException(
          "answers with "
              + settings.size()
              + " different InfLLM-V2 settings in one step: at most "
              + AnswerBuffers.SETTINGS
              + " can run at the same time");
    }
    return new Shape(size, dense, settings);
  }

  private static ByteBuffer draws(ByteBuffer step) {
    int at = AnswerBuffers.drawsAt();
    return step.slice(at, step.capacity() - at).order(step.order());
  }

  private void enqueue(Shape shape, Step step, CudaKvStore kv) {
    int rows = shape.rows;
    answerTokens
        .grid(1)
        .block(rows)
        .arg(b.known)
        .arg(b.positions)
        .arg(b.slots)
        .arg(kv.slots().drawn())
        .arg(b.tokens)
        .launch(stream);
    Matrix table = weights.embedding();
    norms.embed(
        stream,
        table.data(),
        table.paddedRows(),
        b.tokens,
        rows,
        config.hiddenSize(),
        config.embeddingScale(),
        b.x);
    products.first(stream, rows);
    for (int i = 0; i < config.layers(); i++) {
      attend(i, shape, step, kv);
      products.after(stream, i, rows);
    }
    int pitch = PromptBuffers.pitch(config.vocabSize());
    picks.sampler().sample(stream, b.logits, pitch, rows, b.draws, kv.slots().bitmaps(), b.drawn);
    picks.keep(stream, b.drawn, b.keep, rows, kv);
  }

  private void attend(int layer, Shape shape, Step step, CudaKvStore kv) {
    CudaWeights.Layer w = weights.layers().get(layer);
    rope.decode(
        stream,
        b.qkv,
        shape.rows,
        w.qNorm(),
        w.kNorm(),
        b.positions,
        b.tables,
        kv.slots().pageTable(),
        kv.cache(layer),
        kv.fine(layer),
        kv.coarse(layer));
    if (shape.dense) {
      attend(layer, shape.rows, b.sparse, null, null, kv);
    }
    for (int i = 0; i < shape.settings.size(); i++) {
      SparseConfig settings = shape.settings.get(i);
      DeviceBuffer selected = listener.get() == null ? null : selected(settings);
      attend(layer, shape.rows, b.sparseBy[i], settings, selected, kv);
      if (listener.get() != null) {
        tell(layer, step, settings, selected);
      }
    }
  }

  private void attend(
      int layer,
      int rows,
      DeviceBuffer sparse,
      SparseConfig settings,
      DeviceBuffer selected,
      CudaKvStore kv) {
    attention.enqueue(
        stream,
        b.qkv,
        kv.cache(layer),
        kv.fine(layer),
        kv.coarse(layer),
        kv.slots().pageTable(),
        b.positions,
        b.tables,
        sparse,
        rows,
        settings,
        selected,
        b.attention,
        products.panelRows(rows));
  }

  private DeviceBuffer selected(SparseConfig settings) {
    int ints = AnswerBuffers.ROWS * config.kvHeads() * settings.selectedBlocks();
    return device.allocate("selected blocks", (long) ints * Integer.BYTES);
  }

  private void tell(int layer, Step step, SparseConfig settings, DeviceBuffer selected) {
    int select = settings.selectedBlocks();
    int[] blocks = new int[AnswerBuffers.ROWS * config.kvHeads() * select];
    stream.synchronize();
    selected.copyTo(blocks);
    selected.close();
    for (int row = 0; row < step.rows(); row++) {
      Step.Segment segment = step.segments().get(row);
      if (settings.equals(PromptStep.settings(segment))) {
        int size = config.kvHeads() * select;
        int[] own = Arrays.copyOfRange(blocks, row * size, (row + 1) * size);
        Selections.ofAnswer(
            config, segment.sequence(), layer, segment.start(), own, select, listener.get());
      }
    }
  }

  private Pending collect(Step step) {
    for (Pick pick : step.picks()) {
      if (pick instanceof Pick.Read read) {
        float[] row = new float[config.vocabSize()];
        long at = (long) read.row() * PromptBuffers.pitch(row.length) * Float.BYTES;
        stream.synchronize();
        b.logits.slice("logits", at, (long) row.length * Float.BYTES).copyTo(row);
        System.arraycopy(row, 0, read.to(), read.at(), row.length);
      }
    }
    int part = results.next();
    results.download(stream, b.drawn, 0, (long) step.rows() * Integer.BYTES);
    results.mark(stream);
    return () -> {
      results.await(part);
      ByteBuffer drawn = results.memory(part);
      int count = step.picks().size();
      Results all = new Results(new int[count], new float[count]);
      for (int i = 0; i < count; i++) {
        Pick pick = step.picks().get(i);
        all.tokens()[i] = pick instanceof Pick.Draw ? drawn.getInt(4 * pick.row()) : -1;
      }
      return all;
    };
  }
}
