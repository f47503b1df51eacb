package dev.longspan.kernels.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.kernels.attention.DenseAttention;
import dev.longspan.kernels.attention.InfLlmV2;
import dev.longspan.kernels.attention.KvView;
import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;
import dev.longspan.kernels.backend.cuda.device.GpuTest;
import dev.longspan.kernels.backend.cuda.device.Stream;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.SparseConfig;
import dev.longspan.kernels.model.TestModels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Decode attention against the oracle, and against itself in other company. */
@GpuTest
class DecodeAttentionTest {
  private static final double TOLERANCE = 5e-3;

  private static final int MAX_SELECTED = 700;

  /** A length of 0 is a row that is not there. */
  private static final int[] LENGTHS = {
    1, 31, 63, 64, 65, 127, 128, 129, 0, 383, 384, 385, 447, 705, 1000, 2049, 3100
  };

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

  private static SparseConfig settings(int init, int window, int topk, boolean exact) {
    return new SparseConfig(32, 16, init, 64, 64 * window, topk, 0, exact, false);
  }

  @ParameterizedTest(name = "group {0}, {1} KV heads, head dim {2}")
  @CsvSource({
    "16, 2, 128",
    "16, 1, 64",
    "8, 2, 128",
    "4, 2, 64",
    "3, 2, 128",
    "2, 1, 64",
    "1, 2, 128"
  })
  void agreesWithTheOracle(int group, int kvHeads, int dim) {
    try (Case c = new Case(group, kvHeads, dim, LENGTHS)) {
      float[][] dense = c.run(c.all(), c.flags(0), null);
      for (int row = 0; row < LENGTHS.length; row++) {
        c.check("dense", row, dense[row], null);
      }
      for (SparseConfig s :
          List.of(settings(1, 2, 4, false), settings(0, 0, 5, true), settings(2, 5, 3, false))) {
        float[][] sparse = c.run(c.all(), c.flags(1), s);
        for (int row = 0; row < LENGTHS.length; row++) {
          c.check("sparse", row, sparse[row], s);
          c.checkSelection(row, s);
        }
      }
    }
  }

  @ParameterizedTest(name = "group {0}, head dim {1}")
  @CsvSource({"16, 128", "4, 64"})
  void selectionOfEveryBlockIsDenseBitForBit(int group, int dim) {
    try (Case c = new Case(group, 2, dim, LENGTHS)) {
      float[][] dense = c.run(c.all(), c.flags(0), null);
      float[][] all = c.run(c.all(), c.flags(1), settings(1, 2, 90, false));
      for (int row = 0; row < LENGTHS.length; row++) {
        assertArrayEquals(dense[row], all[row], LENGTHS[row] + " tokens");
      }
    }
  }

  /** More blocks than there are groups of keys, or places for candidates, take other ways. */
  @ParameterizedTest(name = "top {0}")
  @ValueSource(ints = {2, 64, 65, 130, 300, 600})
  void choosesAnyNumberOfBlocks(int topk) {
    SparseConfig s = settings(1, 2, topk, false);
    try (Case c = new Case(16, 1, 128, new int[] {700, 9001, 40_000, 40_100})) {
      float[][] sparse = c.run(c.all(), c.flags(1), s);
      for (int row = 0; row < sparse.length; row++) {
        c.check("sparse", row, sparse[row], s);
        c.checkSelection(row, s);
      }
    }
  }

  @ParameterizedTest(name = "top {0}")
  @ValueSource(ints = {2, 64, 300, 600})
  void ofEqualScoresTheFirstBlocksAreChosen(int topk) {
    SparseConfig s = settings(1, 2, topk, false);
    try (Case c = new Case(16, 1, 128, new int[] {9001, 40_000})) {
      Arrays.fill(c.queries, 0);
      c.run(c.all(), c.flags(1), s);
      for (int row = 0; row < 2; row++) {
        int end = (c.lengths[row] - 1) / 64 + 1;
        int first = Math.min(s.selectedBlocks(), end) - 3;
        int[] want =
            IntStream.concat(IntStream.range(0, first), IntStream.range(end - 3, end)).toArray();
        assertArrayEquals(want, c.selection(row, 0, s), "row " + row);
      }
    }
  }

  /** With all rows dense there is so much to do that splits are added up in runs. */
  @ParameterizedTest(name = "one row of {0} is dense")
  @ValueSource(ints = {1, 2})
  void rowsDoNotDependOnTheirCompany(int oneOf) {
    SparseConfig s = settings(1, 2, 4, false);
    int[] lengths = IntStream.range(0, 64).map(i -> i * 797 % 5800 + i % 3).toArray();
    try (Case c = new Case(16, 2, 128, lengths)) {
      int[] flags = IntStream.range(0, 64).map(i -> i % oneOf).toArray();
      float[][] together = c.run(c.all(), flags, s);
      for (int row = 0; row < 64; row++) {
        assertArrayEquals(
            together[row], c.run(List.of(row), flags, s)[0], "row " + row + " on its own");
      }
      List<Integer> order = new ArrayList<>(c.all());
      for (int turn = 0; turn < 10; turn++) {
        Collections.shuffle(order, new Random(turn));
        int count = turn % 2 == 0 ? 64 : 17;
        float[][] shuffled = c.run(order.subList(0, count), flags, s);
        for (int i = 0; i < count; i++) {
          assertArrayEquals(
              together[order.get(i)], shuffled[i], "row " + order.get(i) + " shuffled");
        }
      }
    }
  }

  @Test
  void sequencesTooLongForTheScoresAreRefused() {
    try (Case c = new Case(1, 1, 64, new int[] {100});
        DecodeAttention attention = new DecodeAttention(device, c.config, 1, 1 << 30)) {
      IllegalArgumentException e =
          assertThrows(
              IllegalArgumentException.class,
              () -> c.enqueue(attention, 1, settings(1, 2, 4, false)));
      assertTrue(e.getMessage().contains("--attention dense"), e.getMessage());
    }
  }

  /** Sequences in a cache of scattered pages, and a query of each. */
  private static final class Case implements AutoCloseable {
    private final ModelConfig config;
    private final int[] lengths;
    private final int columns;
    private final PagedCache cache;
    private final float[] queries;
    private final DecodeAttention attention;
    private final Owner owner = new Owner();
    private final DeviceBuffer tiles;
    private final DeviceBuffer fine;
    private final DeviceBuffer coarse;
    private final DeviceBuffer pageTable;
    private final DeviceBuffer qkv;
    private final DeviceBuffer positions;
    private final DeviceBuffer tables;
    private final DeviceBuffer flags;
    private final DeviceBuffer selected;
    private final DeviceBuffer out;
    private int[] blocks;

    Case(int group, int kvHeads, int dim, int[] lengths) {
      this.lengths = lengths;
      config = TestModels.config(kvHeads, group, dim);
      columns = config.heads() * dim;
      cache = new PagedCache(lengths, config.heads(), kvHeads, dim, new Random(5));
      queries = Bf16.random(lengths.length * config.qkvSize(), 1, 6);
      int longest = Arrays.stream(lengths).max().orElseThrow();
      attention = owner.own(new DecodeAttention(device, config, lengths.length, longest));
      tiles = upload("cache", cache.tiles);
      fine = upload("fine keys", cache.compressed.fine);
      coarse = upload("coarse keys", cache.compressed.coarse);
      pageTable = ints("page table", cache.compressed.pageTable.length);
      pageTable.copyFrom(cache.compressed.pageTable);
      qkv = allocate("q, k and v", 2L * queries.length);
      positions = ints("positions", lengths.length);
      tables = ints("tables", lengths.length);
      flags = ints("flags", lengths.length);
      selected = ints("selected", lengths.length * kvHeads * MAX_SELECTED);
      out = allocate("out", 2L * padded(lengths.length) * columns);
    }

    private DeviceBuffer allocate(String name, long bytes) {
      return owner.own(device.allocate(name, bytes));
    }

    private DeviceBuffer ints(String name, int count) {
      return allocate(name, 4L * count);
    }

    private DeviceBuffer upload(String name, short[] values) {
      DeviceBuffer buffer = allocate(name, 2L * values.length);
      buffer.copyFrom(values);
      return buffer;
    }

    private static int padded(int rows) {
      return (rows + 7) / 8 * 8;
    }

    List<Integer> all() {
      return IntStream.range(0, lengths.length).boxed().toList();
    }

    int[] flags(int value) {
      int[] values = new int[lengths.length];
      Arrays.fill(values, value);
      return values;
    }

    /** Attends with some rows in some order; returns their outputs, NaN where there is no row. */
    float[][] run(List<Integer> rows, int[] sparse, SparseConfig settings) {
      int count = rows.size();
      int width = config.qkvSize();
      float[] q = new float[count * width];
      for (int i = 0; i < count; i++) {
        System.arraycopy(queries, rows.get(i) * width, q, i * width, width);
      }
      qkv.slice("rows", 0, 2L * q.length).copyFrom(Bf16.bits(q));
      copy(positions, rows.stream().mapToInt(row -> lengths[row] - 1).toArray());
      copy(tables, rows.stream().mapToInt(row -> cache.compressed.table[row]).toArray());
      copy(flags, rows.stream().mapToInt(row -> sparse[row]).toArray());
      short[] result = new short[padded(count) * columns];
      Arrays.fill(result, PanelMatrix.NAN);
      DeviceBuffer panels = out.slice("panels", 0, 2L * result.length);
      panels.copyFrom(result);
      enqueue(attention, count, null);
      if (settings != null) {
        enqueue(attention, count, settings);
      }
      stream.synchronize();
      panels.copyTo(result);
      blocks = new int[lengths.length * config.kvHeads() * MAX_SELECTED];
      selected.copyTo(blocks);
      float[] values = PanelMatrix.unpack(result, padded(count), count, columns);
      return IntStream.range(0, count)
          .mapToObj(i -> Arrays.copyOfRange(values, i * columns, (i + 1) * columns))
          .toArray(float[][]::new);
    }

    private static void copy(DeviceBuffer to, int[] values) {
      to.slice("rows", 0, 4L * values.length).copyFrom(values);
    }

    void enqueue(DecodeAttention attention, int rows, SparseConfig settings) {
      attention.enqueue(
          stream,
          qkv,
          tiles,
          fine,
          coarse,
          pageTable,
          positions,
          tables,
          flags,
          rows,
          settings,
          settings == null ? null : selected,
          out,
          padded(rows));
    }

    void check(String what, int row, float[] got, SparseConfig settings) {
      if (lengths[row] == 0) {
        for (float x : got) {
          assertTrue(Float.isNaN(x), "a row that is not there was written");
        }
        return;
      }
      float[] want = new float[columns];
      int at = row * config.qkvSize();
      int position = lengths[row] - 1;
      KvView kv = cache.view(row);
      if (settings == null) {
        new DenseAttention().attend(queries, at, position, position + 1, kv, want, 0);
      } else {
        new InfLlmV2(settings).attend(queries, at, position, position + 1, kv, want, 0);
      }
      double[] wide = IntStream.range(0, columns).mapToDouble(i -> want[i]).toArray();
      double error = Bf16.relativeError(wide, got);
      assertTrue(error <= TOLERANCE, what + ", " + lengths[row] + " tokens: error " + error);
    }

    /** Blocks may differ from the oracle's where scores are equal but for rounding. */
    void checkSelection(int row, SparseConfig settings) {
      int position = lengths[row] - 1;
      for (int h = 0; h < config.kvHeads() && position >= 0; h++) {
        int[] got = selection(row, h, settings);
        InfLlmV2 method = new InfLlmV2(settings);
        KvView kv = cache.view(row);
        int q = row * config.qkvSize();
        int[] want = method.select(queries, q, position, h, kv);
        if (!Arrays.equals(want, got)) {
          float[] score = method.blockScores(queries, q, position, h, kv);
          float[] wanted = sorted(want, score);
          float[] found = sorted(got, score);
          for (int i = 0; i < wanted.length; i++) {
            assertEquals(wanted[i], found[i], 1e-5 * Math.abs(wanted[i]), "score of a block");
          }
        }
      }
    }

    /** The blocks that a row of the last run has selected, ascending. */
    int[] selection(int row, int kvHead, SparseConfig settings) {
      int count = Math.min(settings.selectedBlocks(), (lengths[row] - 1) / 64 + 1);
      int at = (row * config.kvHeads() + kvHead) * settings.selectedBlocks();
      int[] got = Arrays.copyOfRange(blocks, at, at + count);
      Arrays.sort(got);
      return got;
    }

    private static float[] sorted(int[] blocks, float[] score) {
      float[] scores = new float[blocks.length];
      for (int i = 0; i < blocks.length; i++) {
        scores[i] = score[blocks[i]];
      }
      Arrays.sort(scores);
      return scores;
    }

    @Override
    public void close() {
      owner.close();
    }
  }
}
