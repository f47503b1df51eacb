package dev.longspan.kernels.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;
import dev.longspan.kernels.backend.cuda.device.GpuTest;
import dev.longspan.kernels.backend.cuda.device.Stream;
import dev.longspan.kernels.checkpoint.Dtype;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Prefill attention against attention in double precision, and against itself. */
@GpuTest
class PrefillAttentionTest {
  private static final int SELECT = 6;
  private static final double TOLERANCE = 5e-3;

  private static Device device;
  private static Stream stream;

  @BeforeAll
  static void open() {
    device = Device.open("0");
    stream = device.stream("test");
  }

  @AfterAll
  static void close() {
    stream.close();
    device.close();
  }

  @ParameterizedTest(name = "hopper {0}, group {1}, {2} KV heads, head dim {3}")
  @CsvSource({
    "true, 16, 2, 128", "true, 8, 2, 64", "true, 4, 1, 128", "true, 3, 2, 128", "true, 2, 2, 64",
    "true, 1, 2, 128", "true, 5, 1, 64", "true, 12, 1, 128", "false, 16, 2, 128", "false, 3, 1, 64",
    "false, 1, 2, 128"
  })
  void agreesWithDoublePrecision(boolean hopper, int group, int kvHeads, int dim) {
    assumeTrue(
        !hopper || device.info().computeCapability() == 90,
        "this kernel is for compute capability 9.0");
    try (Case c = new Case(hopper, group, kvHeads, dim)) {
      for (int length : new int[] {1, 63, 64, 65, 129, 705}) {
        float[] q = c.fill(length);
        double error = c.error(c.run(0, length, null), q, 0, length, null);
        assertTrue(error <= TOLERANCE, "dense, " + length + " tokens: relative error " + error);
      }
      int length = 1000;
      float[] q = c.fill(length);
      long[][][] mask = c.randomMask(length);
      float[] sparse = c.run(0, length, mask);
      double error = c.error(sparse, q, 0, length, mask);
      assertTrue(error <= TOLERANCE, "sparse, " + length + " tokens: relative error " + error);

      float[] dense = c.run(0, length, null);
      long[][][] all = c.randomMask(length);
      for (long[][] head : all) {
        for (long[] row : head) {
          Arrays.fill(row, -1L);
        }
      }
      assertArrayEquals(dense, c.run(0, length, all), "a selection of every block is dense");

      int start = 0;
      for (int count : new int[] {37, 5, 1, 200, 64, 693}) {
        float[] chunk = c.run(start, count, mask);
        int columns = group * kvHeads * dim;
        assertArrayEquals(
            Arrays.copyOfRange(sparse, start * columns, (start + count) * columns),
            chunk,
            count + " tokens from " + start + " give what one shot gives");
        start += count;
      }
    }
  }

  /** One head layout with one sequence in a cache of scattered pages. */
  private static final class Case implements AutoCloseable {
    private static final int MAX = 1024;

    private final Random random = new Random(7);
    private final int group;
    private final int kvHeads;
    private final int dim;
    private final int columns;
    private final PrefillAttention attention;
    private final DeviceBuffer qkv;
    private final DeviceBuffer cache;
    private final DeviceBuffer mask;
    private final DeviceBuffer out;
    private final DeviceBuffer pageTable;
    private final int[] pages;
    private float[] rows;

    Case(boolean hopper, int group, int kvHeads, int dim) {
      this.group = group;
      this.kvHeads = kvHeads;
      this.dim = dim;
      columns = (group + 2) * kvHeads * dim;
      attention = new PrefillAttention(device, dim, group, kvHeads, hopper);
      pages = IntStream.range(0, MAX / 64).map(i -> i * 5 % (MAX / 64)).toArray();
      qkv = device.allocate("qkv", 2L * MAX * columns);
      cache = device.allocate("cache", 2L * 2 * MAX * kvHeads * dim);
      mask = device.allocate("mask", 8L * kvHeads * MAX);
      out = device.allocate("out", 2L * MAX * group * kvHeads * dim);
      pageTable = device.allocate("page table", 4L * pages.length);
      pageTable.copyFrom(pages);
    }

    /** Fills qkv and the cache with random values; returns them, [length, columns]. */
    float[] fill(int length) {
      short[] bits = new short[length * columns];
      rows = new float[bits.length];
      for (int i = 0; i < bits.length; i++) {
        bits[i] = Dtype.bf16((float) random.nextGaussian());
        rows[i] = Dtype.fromBf16(bits[i]);
      }
      qkv.copyFrom(bits);
      short[] tiles = new short[2 * MAX * kvHeads * dim];
      for (int t = 0; t < length; t++) {
        for (int i = 0; i < 2 * kvHeads * dim; i++) {
          int head = i / dim % kvHeads;
          int tile = (pages[t / 64] * kvHeads + head) * 2 + i / (kvHeads * dim);
          int at = tile * 64 * dim + PanelMatrix.index(64, t % 64, i % dim);
          tiles[at] = bits[t * columns + group * kvHeads * dim + i];
        }
      }
      cache.copyFrom(tiles);
      return rows;
    }

    /** Returns a mask [kvHeads][length][1] of {@link #SELECT} blocks, the first and the own. */
    long[][][] randomMask(int length) {
      long[][][] masks = new long[kvHeads][length][1];
      for (long[][] head : masks) {
        for (int t = 0; t < length; t++) {
          int own = t / 64;
          long bits = 1L | 1L << own;
          while (own >= SELECT && Long.bitCount(bits) < SELECT) {
            bits |= 1L << random.nextInt(own);
          }
          head[t][0] = bits;
        }
      }
      return masks;
    }

    /** Attends for {@code count} rows from {@code start}; returns [count, heads * dim]. */
    float[] run(int start, int count, long[][][] masks) {
      int sparse = masks == null ? 0 : 1;
      int tokens = PrefillAttention.tileTokens(group);
      int[] tiles = new int[(count + tokens - 1) / tokens * 2];
      for (int i = 0; i < tiles.length / 2; i++) {
        tiles[2 * i + 1] = i * tokens;
      }
      if (masks != null) {
        mask.copyFrom(
            Arrays.stream(masks)
                .flatMapToLong(
                    head -> Arrays.stream(head, start, start + count).flatMapToLong(Arrays::stream))
                .toArray());
      }
      int outRows = (count + 7) / 8 * 8;
      short[] result = new short[outRows * group * kvHeads * dim];
      Arrays.fill(result, (short) 0x7fff);
      out.copyFrom(result);
      try (DeviceBuffer segments = device.allocate("segments", PrefillStep.SEGMENT_BYTES);
          DeviceBuffer tileList = device.allocate("tiles", 4L * tiles.length)) {
        segments.copyFrom(new int[] {0, count, start, 0, sparse, 0, 0, 0});
        tileList.copyFrom(tiles);
        int blocks = (start + count - 1) / 64 + 1;
        PrefillStep step =
            new PrefillStep(
                pageTable, segments, tileList, 1, tiles.length / 2, count, count, blocks);
        DeviceBuffer first = qkv.slice("rows", 2L * start * columns, 2L * count * columns);
        attention.enqueue(stream, first, columns, cache, step, mask, count, SELECT, out, outRows);
        stream.synchronize();
      }
      out.copyTo(result);
      return PanelMatrix.unpack(result, outRows, count, group * kvHeads * dim);
    }

    /** Returns the relative L2 distance from attention in double precision. */
    double error(float[] got, float[] x, int start, int count, long[][][] masks) {
      double difference = 0;
      double norm = 0;
      for (int r = 0; r < count; r++) {
        int position = start + r;
        for (int h = 0; h < group * kvHeads; h++) {
          long seen = masks == null ? -1L : masks[h / group][position][0];
          boolean all = position / 64 + 1 <= SELECT;
          double[] expected = attend(x, position, h, all ? -1L : seen);
          for (int d = 0; d < dim; d++) {
            double delta = got[(r * group * kvHeads + h) * dim + d] - expected[d];
            difference += delta * delta;
            norm += expected[d] * expected[d];
          }
        }
      }
      return Math.sqrt(difference / norm);
    }

    private double[] attend(float[] x, int position, int head, long seen) {
      int keys = (group * kvHeads + head / group) * dim;
      int values = keys + kvHeads * dim;
      List<Integer> visible =
          IntStream.rangeClosed(0, position)
              .filter(t -> (seen >> t / 64 & 1) != 0)
              .boxed()
              .toList();
      double[] logits = new double[visible.size()];
      for (int i = 0; i < logits.length; i++) {
        for (int d = 0; d < dim; d++) {
          logits[i] +=
              (double) x[position * columns + head * dim + d]
                  * x[visible.get(i) * columns + keys + d]
                  / Math.sqrt(dim);
        }
      }
      double max = Arrays.stream(logits).max().orElseThrow();
      double total = 0;
      double[] sum = new double[dim];
      for (int i = 0; i < logits.length; i++) {
        double p = Math.exp(logits[i] - max);
        total += p;
        for (int d = 0; d < dim; d++) {
          sum[d] += p * x[visible.get(i) * columns + values + d];
        }
      }
      for (int d = 0; d < dim; d++) {
        sum[d] /= total;
      }
      return sum;
    }

    @Override
    public void close() {
      attention.close();
      for (DeviceBuffer buffer : List.of(qkv, cache, mask, out, pageTable)) {
        buffer.close();
      }
    }
  }
}
