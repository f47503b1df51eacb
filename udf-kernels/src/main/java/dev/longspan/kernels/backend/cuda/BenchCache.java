package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.backend.KvStore;
import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;
import dev.longspan.kernels.backend.cuda.device.Kernel;
import dev.longspan.kernels.backend.cuda.device.Stream;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.RopeConfig;
import java.util.Random;

/**
 * One layer's cache of some sequences of equal length, for benchmarks: scattered pages, and rows
 * drawn on the device.
 */
final class BenchCache implements AutoCloseable {
  /** Tokens that are drawn and stored at once. */
  private static final int FILL_ROWS = 32768;

  private final Device device;
  private final Stream stream;
  private final ModelConfig config;
  private final BenchInputs inputs;
  private final int sequences;
  private final int tokens;
  private final Kernel draw;
  private final RopeStore rope;
  private final DeviceBuffer memory;

  /** K and V. */
  final DeviceBuffer cache;

  /** Fine compressed keys. */
  final DeviceBuffer fine;

  /** Coarse compressed keys. */
  final DeviceBuffer coarse;

  /** The pages of all sequences, one after another. */
  final DeviceBuffer pageTable;

  /** Takes the memory; nothing is stored yet. */
  BenchCache(
      Device device,
      Stream stream,
      ModelConfig config,
      BenchInputs inputs,
      int sequences,
      int tokens) {
    this.device = device;
    this.stream = stream;
    this.config = still(config);
    this.inputs = inputs;
    this.sequences = sequences;
    this.tokens = tokens;
    draw = device.kernel("bench_inputs", "bench_inputs");
    int pages = Math.multiplyExact(sequences, pagesPerSequence());
    rope = new RopeStore(device, stream, this.config, tokens);
    memory = device.allocate("cache of the benchmark", bytes(config, sequences, tokens));
    Pieces pieces = new Pieces(memory);
    cache = pieces.take("K and V", pages * pageBytes(config));
    fine = pieces.take("fine keys", pages * pageBytes(config) / 32);
    coarse = pieces.take("coarse keys", pages * pageBytes(config) / 128);
    // What is beyond the last token is read where it does not count: it must be a number.
    stream.fill(memory, 0);
    pageTable = pieces.take("page table", (long) pages * Integer.BYTES);
    pageTable.copyFrom(shuffled(pages));
  }

  /**
   * Returns a model that rotates by nothing, which takes the same time: a rotation would tear the
   * topics of {@link BenchInputs#CLUSTERED} apart.
   */
  private static ModelConfig still(ModelConfig config) {
    RopeConfig plain = RopeConfig.plain(1, config.headDim());
    return config.withRope(
        new RopeConfig(new float[plain.factor().length], plain.factor(), plain.attentionScale()));
  }

  private static long pageBytes(ModelConfig config) {
    return 2L * KvStore.PAGE * config.kvHeads() * config.headDim() * Short.BYTES;
  }

  /** Returns the bytes of device memory that such a cache takes. */
  static long bytes(ModelConfig config, int sequences, int tokens) {
    long pages = (long) sequences * ((tokens + KvStore.PAGE - 1) / KvStore.PAGE);
    return pages * (pageBytes(config) * 133 / 128 + Integer.BYTES) + 4096;
  }

  private static int[] shuffled(int count) {
    int[] order = new int[count];
    Random random = new Random(1);
    for (int i = 0; i < count; i++) {
      int j = random.nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }

  private int pagesPerSequence() {
    return (tokens + KvStore.PAGE - 1) / KvStore.PAGE;
  }

  /** Returns the first entry of a sequence in {@link #pageTable}. */
  int table(int sequence) {
    return sequence * pagesPerSequence();
  }

  /** Returns what rotates and stores the rows. */
  RopeStore rope() {
    return rope;
  }

  /** Draws rows of a sequence, bf16 [rows, qkvSize], from token {@code first} on. */
  void draw(DeviceBuffer qkv, int sequence, int first, int rows) {
    draw.grid(8 * device.info().multiprocessors())
        .block(256)
        .arg(qkv)
        .arg(rows)
        .arg(config.heads())
        .arg(config.kvHeads())
        .arg(config.headDim())
        .arg(sequence)
        .arg(first)
        .arg(inputs == BenchInputs.CLUSTERED ? 1 : 0)
        .launch(stream);
  }

  /** Stores all tokens of all sequences. */
  void fill() {
    int rows = Math.min(FILL_ROWS, tokens);
    try (DeviceBuffer qkv =
            device.allocate("rows to store", (long) rows * config.qkvSize() * Short.BYTES);
        DeviceBuffer segment = device.allocate("segment", PrefillStep.SEGMENT_BYTES)) {
      for (int sequence = 0; sequence < sequences; sequence++) {
        for (int first = 0; first < tokens; first += rows) {
          int count = Math.min(rows, tokens - first);
          segment.copyFrom(segment(count, first, table(sequence), false));
          PrefillStep step =
              new PrefillStep(pageTable, segment, segment, 1, 0, count, count, pagesPerSequence());
          draw(qkv, sequence, first, count);
          rope.prefill(stream, qkv, null, null, step, cache, fine, coarse);
        }
      }
      stream.synchronize();
    }
  }

  /** Returns a {@code Segment}: consecutive tokens from the step's first row on. */
  static int[] segment(int rows, int start, int table, boolean sparse) {
    return new int[] {0, rows, start, table, sparse ? 1 : 0, 0, 0, 0};
  }

  @Override
  public void close() {
    rope.close();
    memory.close();
  }
}
