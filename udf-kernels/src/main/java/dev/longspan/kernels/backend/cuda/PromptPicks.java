package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.backend.cuda.PortableGemm.Epilogue;
import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;
import dev.longspan.kernels.backend.cuda.device.Stream;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.Pending;
import dev.longspan.kernels.model.Pick;
import dev.longspan.kernels.model.Results;
import dev.longspan.kernels.model.Step;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** The end of a step of prompts: logits of the picked rows, and what the picks make of them. */
final class PromptPicks implements AutoCloseable {
  private static final int RING_PARTS = 8;

  private final Device device;
  private final Stream stream;
  private final ModelConfig config;
  private final CudaWeights weights;
  private final Norms norms;
  private final PromptProducts products;
  private final DevicePicks picks;
  private StagingRing ring;

  PromptPicks(CudaDecoder.Parts parts, PromptProducts products) {
    device = parts.device();
    stream = parts.stream();
    config = parts.config();
    weights = parts.weights();
    norms = parts.norms();
    picks = parts.picks();
    this.products = products;
  }

  /** Takes memory for the results of steps of so many rows. */
  void reserve(int rows) {
    if (ring != null) {
      ring.close();
    }
    ring = new StagingRing(device, "results of prompts", RING_PARTS, rows * Double.BYTES);
  }

  /**
   * The picks of a step in the order in which they are computed: draws, then scores, then reads.
   *
   * @param order index of each among the step's picks
   * @param all the step's picks
   * @param draws how many draw
   * @param scores how many score
   * @param rows int: the row of each
   * @param parameters of the draws, for {@link DeviceSampler}
   * @param slots int: the slot of each draw
   * @param targets int: the token of each score
   * @param masked whether any draw has a bitmap
   */
  record Plan(
      int[] order,
      List<Pick> all,
      int draws,
      int scores,
      DeviceBuffer rows,
      DeviceBuffer parameters,
      DeviceBuffer slots,
      DeviceBuffer targets) {}

  Plan plan(Step step, CudaKvStore kv, Descriptors to) {
    List<Integer> draws = new ArrayList<>();
    List<Integer> scores = new ArrayList<>();
    List<Integer> reads = new ArrayList<>();
    for (int i = 0; i < step.picks().size(); i++) {
      Pick pick = step.picks().get(i);
      (pick instanceof Pick.Draw ? draws : pick instanceof Pick.Score ? scores : reads).add(i);
    }
    List<Integer> order = new ArrayList<>(draws);
    order.addAll(scores);
    order.addAll(reads);
    int[] rows = order.stream().mapToInt(i -> step.picks().get(i).row()).toArray();
    int[] targets =
        scores.stream().mapToInt(i -> ((Pick.Score) step.picks().get(i)).token()).toArray();
    DeviceBuffer parameters =
        to.reserve("draws", Math.max(1, draws.size()) * DeviceSampler.ROW_BYTES);
    int[] slots = new int[draws.size()];
    ByteBuffer host = to.host(parameters);
    for (int i = 0; i < slots.length; i++) {
      Pick.Draw draw = (Pick.Draw) step.picks().get(draws.get(i));
      Step.Segment segment = step.segmentOf(draw.row());
      slots[i] = kv.slots().of(segment.sequence()).index();
      int bitmap = picks.bitmap(stream, draw, segment.sequence(), kv);
      DeviceSampler.put(host, i, draw.filters(), draw.uniform(), bitmap);
    }
    return new Plan(
        order.stream().mapToInt(i -> i).toArray(),
        step.picks(),
        draws.size(),
        scores.size(),
        to.add("rows of picks", rows),
        parameters,
        to.add("slots of draws", slots),
        to.add("scored tokens", targets));
  }

  /** Enqueues all picks of a step whose rows have passed the layers. */
  Pending run(Plan plan, PromptBuffers b, CudaKvStore kv) {
    int count = plan.order.length;
    if (count == 0) {
      return () -> new Results(new int[0], new float[0]);
    }
    for (int first = 0; first < count; first += PromptBuffers.LOGIT_ROWS) {
      batch(plan, first, Math.min(PromptBuffers.LOGIT_ROWS, count - first), b, kv);
    }
    int part = ring.next();
    if (plan.draws > 0) {
      picks.keep(stream, b.tokens, plan.slots, plan.draws, kv);
      ring.download(stream, b.tokens, 0, (long) Integer.BYTES * plan.draws);
    }
    int scoresAt = (Integer.BYTES * plan.draws + 7) / 8 * 8;
    if (plan.scores > 0) {
      ring.download(stream, b.logProbs, scoresAt, (long) Double.BYTES * plan.scores);
    }
    ring.mark(stream);
    return () -> results(plan, part, scoresAt);
  }

  private void batch(Plan plan, int first, int count, PromptBuffers b, CudaKvStore kv) {
    int ld = PromptBuffers.paddedRows(count);
    int pitch = PromptBuffers.pitch(config.vocabSize());
    norms.rmsNorm(
        stream,
        b.x,
        weights.norm(),
        ints(plan.rows, first, count),
        count,
        config.hiddenSize(),
        config.rmsNormEps(),
        config.logitScale(),
        b.normed,
        ld);
    products.multiply(
        stream, Epilogue.FLOAT, b.normed, ld, count, weights.head(), null, 1, b.logits, pitch);
    int draws = Math.min(count, plan.draws - first);
    if (draws > 0) {
      long at = (long) first * DeviceSampler.ROW_BYTES;
      picks
          .sampler()
          .sample(
              stream,
              b.logits,
              pitch,
              draws,
              plan.parameters.slice("draws", at, (long) draws * DeviceSampler.ROW_BYTES),
              kv.slots().bitmaps(),
              ints(b.tokens, first, draws));
    }
    int score = Math.max(first, plan.draws);
    int scores = Math.min(first + count, plan.draws + plan.scores) - score;
    if (scores > 0) {
      picks
          .sampler()
          .logProbability(
              stream,
              row(b.logits, score - first, pitch),
              pitch,
              scores,
              ints(plan.targets, score - plan.draws, scores),
              b.logProbs.slice(
                  "log-probabilities",
                  (long) Double.BYTES * (score - plan.draws),
                  (long) Double.BYTES * scores));
    }
    for (int i = Math.max(first, plan.draws + plan.scores); i < first + count; i++) {
      read((Pick.Read) plan.all.get(plan.order[i]), row(b.logits, i - first, pitch));
    }
  }

  private void read(Pick.Read read, DeviceBuffer logits) {
    float[] row = new float[config.vocabSize()];
    stream.synchronize();
    logits.copyTo(row);
    System.arraycopy(row, 0, read.to(), read.at(), row.length);
  }

  private static DeviceBuffer row(DeviceBuffer logits, int row, int pitch) {
    long at = (long) row * pitch * Float.BYTES;
    return logits.slice("logits", at, logits.bytes() - at);
  }

  private static DeviceBuffer ints(DeviceBuffer buffer, int first, int count) {
    return buffer.slice(buffer.name(), (long) Integer.BYTES * first, (long) Integer.BYTES * count);
  }

  private Results results(Plan plan, int part, int scoresAt) {
    ring.await(part);
    ByteBuffer memory = ring.memory(part);
    Results results = new Results(new int[plan.order.length], new float[plan.order.length]);
    Arrays.fill(results.tokens(), -1);
    IntStream.range(0, plan.draws)
        .forEach(i -> results.tokens()[plan.order[i]] = memory.getInt(Integer.BYTES * i));
    IntStream.range(0, plan.scores)
        .forEach(
            i ->
                results.logProbs()[plan.order[plan.draws + i]] =
                    (float) memory.getDouble(scoresAt + Double.BYTES * i));
    return results;
  }

  @Override
  public void close() {
    if (ring != null) {
      ring.close();
    }
  }
}
