package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.backend.KvStore;
import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;
import dev.longspan.kernels.backend.cuda.device.Event;
import dev.longspan.kernels.backend.cuda.device.Graph;
import dev.longspan.kernels.backend.cuda.device.Stream;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.SparseConfig;
import java.util.Arrays;

/**
 * Times one layer's attention of the next token of some sequences of equal length, inside a graph
 * as the engine runs it.
 */
public final class BenchDecode implements AutoCloseable {
  /** Calls of a graph at least. */
  private static final int CALLS = 20;

  /** Bytes read before anything is read again: more than an L2 cache holds. */
  private static final long ROTATED_BYTES = 128L << 20;

  private final Device device;
  private final ModelConfig config;
  private final int batch;
  private final int copies;
  private final Stream stream;
  private final BenchCache cache;
  private final DecodeAttention attention;
  private final Owner owner = new Owner();
  private final DeviceBuffer[] qkv;
  private final DeviceBuffer[] tables;
  private final DeviceBuffer positions;
  private final DeviceBuffer out;
  private final Event start;
  private final Event end;
  private final int calls;
  private final Graph dense;
  private final Graph sparse;

  /**
   * Fills caches on the device, and records the graphs.
   *
   * @param config head layout and sparse settings; nothing else of it matters
   * @param batch sequences, 1 to 64
   * @param tokens of each, the new one included
   */
  public BenchDecode(Device device, ModelConfig config, int batch, int tokens, BenchInputs inputs) {
    this.device = device;
    this.config = config;
    this.batch = batch;
    copies = copies(config, batch, tokens);
    calls = (CALLS + copies - 1) / copies * copies;
    long row = (long) config.qkvSize() * Short.BYTES;
    qkv = new DeviceBuffer[copies];
    tables = new DeviceBuffer[copies];
    try {
      stream = owner.own(device.stream("benchmark"));
      cache = owner.own(new BenchCache(device, stream, config, inputs, copies * batch, tokens));
      cache.fill();
      attention = owner.own(new DecodeAttention(device, config, batch, tokens));
      for (int copy = 0; copy < copies; copy++) {
        qkv[copy] = allocate("q, k and v", batch * row);
        int[] first = new int[batch];
        for (int i = 0; i < batch; i++) {
          int sequence = copy * batch + i;
          first[i] = cache.table(sequence);
          cache.draw(qkv[copy].slice("row", i * row, row), sequence, tokens - 1, 1);
        }
        tables[copy] = upload("tables", first);
      }
      positions = upload("positions", filled(tokens - 1));
      out = allocate("attention", 64L * config.heads() * config.headDim() * Short.BYTES);
      start = owner.own(device.event("start"));
      end = owner.own(device.event("end"));
      dense = capture("dense", upload("dense rows", filled(0)), null);
      sparse = capture("sparse", upload("sparse rows", filled(1)), config.sparse());
    } catch (RuntimeException | Error e) {
      owner.close();
      throw e;
    }
  }

  private static int copies(ModelConfig config, int batch, int tokens) {
    long read = batch * readBytes(config, tokens, true);
    return (int) ((ROTATED_BYTES + read - 1) / read);
  }

  /** Returns the bytes of device memory that such a benchmark takes, but for a few. */
  public static long bytes(ModelConfig config, int batch, int tokens) {
    return BenchCache.bytes(config, copies(config, batch, tokens) * batch, tokens);
  }

  /**
   * Returns the bytes of a sequence's cache that attention has to read: all keys and values, or the
   * compressed keys and those of the selected blocks.
   */
  public static long readBytes(ModelConfig config, int tokens, boolean select) {
    SparseConfig s = config.sparse();
    long vector = (long) config.kvHeads() * config.headDim() * Short.BYTES;
    int selected = s.selectedBlocks() * KvStore.PAGE;
    if (!select || tokens <= selected) {
      return 2 * tokens * vector;
    }
    int fine = tokens / s.kernelStride();
    int coarse = s.exactNormaliser() ? 0 : tokens / s.coarseStride();
    return (2L * selected + fine + coarse) * vector;
  }

  private int[] filled(int value) {
    int[] values = new int[batch];
    Arrays.fill(values, value);
    return values;
  }

  private DeviceBuffer allocate(String name, long bytes) {
    return owner.own(device.allocate(name, bytes));
  }

  private DeviceBuffer upload(String name, int[] values) {
    DeviceBuffer buffer = allocate(name, (long) values.length * Integer.BYTES);
    buffer.copyFrom(values);
    return buffer;
  }

  private Graph capture(String name, DeviceBuffer flags, SparseConfig settings) {
    // The first time brings the kernels to the device, which a recording must not do.
    enqueue(0, flags, settings);
    stream.synchronize();
    return owner.own(
        stream.capture(
            name,
            () -> {
              for (int i = 0; i < calls; i++) {
                enqueue(i % copies, flags, settings);
              }
            }));
  }

  private void enqueue(int copy, DeviceBuffer flags, SparseConfig settings) {
    attention.enqueue(
        stream,
        qkv[copy],
        cache.cache,
        cache.fine,
        cache.coarse,
        cache.pageTable,
        positions,
        tables[copy],
        flags,
        batch,
        settings,
        null,
        out,
        64);
  }

  /**
   * Runs a graph of calls over caches that take turns.
   *
   * @param select whether the rows attend to blocks of their choice
   * @return microseconds a call
   */
  public double run(boolean select) {
    stream.record(start);
    (select ? sparse : dense).launch(stream);
    stream.record(end);
    stream.synchronize();
    return 1e3 * end.millisSince(start) / calls;
  }

  @Override
  public void close() {
    stream.synchronize();
    owner.close();
  }
}
