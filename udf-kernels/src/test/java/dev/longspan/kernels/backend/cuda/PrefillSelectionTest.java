package dev.longspan.kernels.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.kernels.attention.InfLlmV2;
import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;
import dev.longspan.kernels.backend.cuda.device.GpuTest;
import dev.longspan.kernels.backend.cuda.device.Stream;
import dev.longspan.kernels.checkpoint.Dtype;
import dev.longspan.kernels.model.SparseConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@GpuTest
class PrefillSelectionTest {
  /** What the mask holds before: rows that do not select must keep it. */
  private static final long POISON = 0x2AAAAAAA_2AAAAAAAL;

  /** Scores this close, relatively, may be ordered either way: float here, double in the oracle. */
  private static final double TIE = 2e-5;

  private Device device;
  private Stream stream;

  @BeforeEach
  void open() {
    device = Device.open("0");
    stream = device.stream("test");
  }

  @AfterEach
  void close() {
    stream.close();
    device.close();
  }

  @ParameterizedTest(
      name = "{0} {1}/{2} heads of {3} init {4} local {5} topk {6} exact {7} round {8}")
  @CsvSource({
    "random, 32, 2, 128, 1, 2, 6, false, false",
    "clustered, 32, 2, 128, 1, 2, 6, false, false",
    "random, 32, 2, 128, 1, 1, 9, true, false",
    "clustered, 32, 2, 128, 1, 4, 20, true, false",
    "clustered, 32, 2, 128, 0, 0, 5, false, false",
    "clustered, 32, 2, 128, 3, 1, 4, false, false",
    "random, 32, 2, 128, 1, 2, 6, false, true",
    "clustered, 16, 2, 64, 1, 2, 6, false, false",
    "random, 12, 1, 64, 1, 2, 6, true, false",
    "clustered, 6, 2, 128, 1, 2, 6, false, false",
    "random, 3, 3, 64, 1, 2, 6, false, false",
  })
  void takesTheBlocksOfTheOracle(
      String kind,
      int heads,
      int kvHeads,
      int dim,
      int init,
      int local,
      int topk,
      boolean exact,
      boolean round) {
    SparseConfig config = new SparseConfig(32, 16, init, 64, 64 * local, topk, 0, exact, round);
    // Ends around multiples of 16 and 64, offsets that are multiples of nothing, dense rows
    // between.
    Step step = new Step(kind, heads, kvHeads, dim, 11);
    step.add(8300, 8191, 109, true);
    step.add(1999, 640, 1359, true);
    step.add(3001, 2500, 70, false);
    step.add(4097, 4001, 96, true);
    step.add(1087, 0, 1087, true);
    step.add(63, 0, 63, true);
    step.add(1600, 1583, 17, true);
    for (boolean hopper : kernels()) {
      compare(step, config, select(step, config, hopper));
    }
  }

  @ParameterizedTest(name = "{0}")
  @ValueSource(strings = {"random", "clustered"})
  void takesTheBlocksOfTheOracleAroundEveryBorder(String kind) {
    SparseConfig config = new SparseConfig(32, 16, 1, 64, 128, 6, 0, false, false);
    Step step = new Step(kind, 32, 2, 128, 12);
    step.add(8301, 0, 8301, true);
    compare(step, config, select(step, config, device.info().computeCapability() == 90));
  }

  @Test
  void chunksOfAnySizeTakeTheSameBlocks() {
    SparseConfig config = new SparseConfig(32, 16, 1, 64, 128, 8, 0, false, false);
    for (boolean hopper : kernels()) {
      Step whole = new Step("clustered", 32, 2, 128, 5);
      whole.sequence(2200, 0, 2200);
      whole.part(0, 2200, true);
      long[] expected = select(whole, config, hopper);
      Step chunks = new Step("clustered", 32, 2, 128, 5);
      chunks.sequence(2200, 0, 2200);
      for (int[] chunk :
          new int[][] {{0, 701}, {701, 702}, {702, 1499}, {1499, 2199}, {2199, 2200}}) {
        chunks.part(chunk[0], chunk[1] - chunk[0], true);
      }
      assertArrayEquals(expected, select(chunks, config, hopper));
    }
  }

  @Test
  void refusesWhatItsKernelsDoNotCover() {
    SparseConfig windows = new SparseConfig(16, 16, 1, 64, 128, 8, 0, false, false);
    assertEquals(
        "sparse_config has kernel_size 16 and kernel_stride 16: the cuda backend selects with 32"
            + " and 16 only; use --attention dense or --backend vector",
        refusal(windows, 128, 16));
    assertEquals(
        "32 query heads per KV head of 128 dimensions: the cuda backend selects with 1 to 16 heads"
            + " of 64 or 128; use --attention dense or --backend vector",
        refusal(SparseConfig.MINICPM4, 128, 32));
    assertTrue(refusal(SparseConfig.MINICPM4, 96, 8).startsWith("8 query heads per KV head of 96"));
  }

  private String refusal(SparseConfig config, int headDim, int group) {
    return assertThrows(
            IllegalArgumentException.class,
            () ->
                new PrefillSelection(
                    device, config, headDim, group, 2, false, 10, 1, device::allocate))
        .getMessage();
  }

  private boolean[] kernels() {
    return device.info().computeCapability() == 90
        ? new boolean[] {true, false}
        : new boolean[] {false};
  }

  private long[] select(Step step, SparseConfig config, boolean hopper) {
    int group = step.heads / step.kvHeads;
    int[] segments = step.segments();
    SelectionPlan plan =
        SelectionPlan.of(segments, config.selectedBlocks(), PrefillSelection.tileTokens(group));
    CompressedCache cache = step.cache();
    int words = (step.maxBlocks() + 63) / 64;
    long[] mask = new long[step.kvHeads * step.rows() * words];
    Arrays.fill(mask, POISON);
    try (PrefillSelection selection =
            new PrefillSelection(
                device,
                config,
                step.dim,
                group,
                step.kvHeads,
                hopper,
                step.maxBlocks(),
                plan.groupCount(),
                device::allocate);
        DeviceBuffer qkv = device.allocate("qkv", 2L * step.qkv().length);
        DeviceBuffer fine = device.allocate("fine", 2L * cache.fine.length);
        DeviceBuffer coarse = device.allocate("coarse", 2L * cache.coarse.length);
        DeviceBuffer pageTable = device.allocate("page table", 4L * cache.pageTable.length);
        DeviceBuffer tiles = device.allocate("tiles", 4L * plan.tiles().length);
        DeviceBuffer groups = device.allocate("groups", 4L * plan.groups().length);
        DeviceBuffer out = device.allocate("mask", 8L * mask.length)) {
      qkv.copyFrom(step.qkv());
      fine.copyFrom(cache.fine);
      coarse.copyFrom(cache.coarse);
      pageTable.copyFrom(cache.pageTable);
      tiles.copyFrom(plan.tiles());
      groups.copyFrom(plan.groups());
      out.copyFrom(mask);
      PrefillStep arguments =
          new PrefillStep(
              pageTable,
              groups,
              tiles,
              segments.length / 8,
              0,
              step.rows(),
              step.rows(),
              step.maxBlocks());
      selection.enqueue(
          stream,
          qkv,
          step.columns(),
          fine,
          coarse,
          arguments,
          tiles,
          groups,
          plan,
          out,
          step.rows());
      stream.synchronize();
      out.copyTo(mask);
    }
    return mask;
  }

  /** Holds the rows that select around multiples of 16, and all that do not, against the oracle. */
  private void compare(Step step, SparseConfig config, long[] mask) {
    InfLlmV2 oracle = new InfLlmV2(config);
    int words = (step.maxBlocks() + 63) / 64;
    int checked = 0;
    int ties = 0;
    for (Part part : step.parts) {
      for (int i = 0; i < part.rows; i++) {
        int position = part.start + i;
        boolean selects = part.sparse && position / 64 + 1 > config.selectedBlocks();
        if (selects && (position + 1) % 16 > 2 && i < part.rows - 3) {
          continue;
        }
        int row = part.firstRow + i;
        for (int h = 0; h < step.kvHeads; h++) {
          int at = (h * step.rows() + row) * words;
          long[] bits = Arrays.copyOfRange(mask, at, at + words);
          String what = "position " + position + " row " + row + " head " + h;
          if (!selects) {
            for (long word : bits) {
              assertEquals(POISON, word, what + " does not select");
            }
            continue;
          }
          int[] blocks = java.util.BitSet.valueOf(bits).stream().toArray();
          float[] query = step.query(row);
          var view = step.cache().view(part.sequence);
          int[] expected = oracle.select(query, 0, position, h, view);
          checked++;
          if (!Arrays.equals(expected, blocks)) {
            assertTied(expected, blocks, oracle.blockScores(query, 0, position, h, view), what);
            ties++;
          }
        }
      }
    }
    System.out.printf("selection, %s: %d of %d rows differ, at ties%n", step.kind, ties, checked);
    assertTrue(checked > 100, "too few rows select: " + checked);
  }

  /** Accepts other blocks if they score like those they stand for. */
  private static void assertTied(int[] expected, int[] actual, float[] score, String what) {
    assertEquals(expected.length, actual.length, what + ": number of blocks");
    double lost = 0;
    double won = Double.POSITIVE_INFINITY;
    for (int block : expected) {
      lost = Arrays.binarySearch(actual, block) < 0 ? Math.max(lost, score[block]) : lost;
    }
    for (int block : actual) {
      won = Arrays.binarySearch(expected, block) < 0 ? Math.min(won, score[block]) : won;
    }
    assertTrue(
        won >= lost * (1 - TIE),
        what + ": took a block that scores " + won + " before one that scores " + lost);
  }

  /** Consecutive tokens of a sequence. */
  private record Part(int sequence, int firstRow, int rows, int start, boolean sparse) {}

  /** A prefill step over random sequences. */
  private static final class Step {
    final List<Part> parts = new ArrayList<>();
    final int heads;
    final int kvHeads;
    final int dim;
    private final String kind;
    private final Random random;
    private final List<short[]> keys = new ArrayList<>();
    private final List<short[]> queries = new ArrayList<>();
    private final List<Integer> firstQuery = new ArrayList<>();
    private CompressedCache cache;

    Step(String kind, int heads, int kvHeads, int dim, long seed) {
      this.kind = kind;
      this.heads = heads;
      this.kvHeads = kvHeads;
      this.dim = dim;
      this.random = new Random(seed);
    }

    /** Adds tokens [start, start + rows) of a new sequence. */
    void add(int tokens, int start, int rows, boolean sparse) {
      sequence(tokens, start, start + rows);
      part(start, rows, sparse);
    }

    /** Makes a sequence, with queries for the tokens [from, to). */
    void sequence(int tokens, int from, int to) {
      int spread = 150;
      float[][] centres = new float[tokens / spread + 1][kvHeads * dim];
      for (float[] centre : centres) {
        for (int d = 0; d < centre.length; d++) {
          centre[d] = kind.equals("clustered") ? 1.5f * (float) random.nextGaussian() : 0;
        }
      }
      short[] k = new short[tokens * kvHeads * dim];
      for (int i = 0; i < k.length; i++) {
        float centre = centres[i / (kvHeads * dim) / spread][i % (kvHeads * dim)];
        k[i] = Dtype.bf16((float) random.nextGaussian() + centre);
      }
      short[] q = new short[(to - from) * heads * dim];
      for (int t = from; t < to; t++) {
        float[] liked = centres[random.nextInt(t / spread + 1)];
        for (int d = 0; d < heads * dim; d++) {
          int kvHead = d / dim / (heads / kvHeads);
          float towards = 0.8f * liked[kvHead * dim + d % dim];
          q[(t - from) * heads * dim + d] = Dtype.bf16((float) random.nextGaussian() + towards);
        }
      }
      keys.add(k);
      queries.add(q);
      firstQuery.add(from);
    }

    /** Adds tokens [start, start + rows) of the last sequence. */
    void part(int start, int rows, boolean sparse) {
      parts.add(new Part(keys.size() - 1, rows(), rows, start, sparse));
    }

    int rows() {
      return parts.stream().mapToInt(Part::rows).sum();
    }

    int columns() {
      return (heads + 2 * kvHeads) * dim;
    }

    int maxBlocks() {
      return parts.stream().mapToInt(p -> (p.start + p.rows + 63) / 64).max().orElseThrow();
    }

    CompressedCache cache() {
      if (cache == null) {
        cache = new CompressedCache(keys, heads, kvHeads, dim, random);
      }
      return cache;
    }

    int[] segments() {
      return parts.stream()
          .flatMapToInt(
              p ->
                  Arrays.stream(
                      new int[] {
                        p.firstRow,
                        p.rows,
                        p.start,
                        cache().table[p.sequence],
                        p.sparse ? 1 : 0,
                        0,
                        0,
                        0
                      }))
          .toArray();
    }

    /** Returns bf16 [rows, columns]: rotated queries, then NaN where K and V would be. */
    short[] qkv() {
      short[] qkv = new short[rows() * columns()];
      Arrays.fill(qkv, (short) 0x7fc0);
      for (Part part : parts) {
        for (int i = 0; i < part.rows; i++) {
          System.arraycopy(
              queries.get(part.sequence),
              (part.start - firstQuery.get(part.sequence) + i) * heads * dim,
              qkv,
              (part.firstRow + i) * columns(),
              heads * dim);
        }
      }
      return qkv;
    }

    float[] query(int row) {
      for (Part part : parts) {
        if (row >= part.firstRow && row < part.firstRow + part.rows) {
          float[] query = new float[heads * dim];
          int token = part.start + row - part.firstRow - firstQuery.get(part.sequence);
          for (int d = 0; d < query.length; d++) {
            query[d] = Dtype.fromBf16(queries.get(part.sequence)[token * heads * dim + d]);
          }
          return query;
        }
      }
      throw new IllegalArgumentException("no row " + row);
    }
  }
}
