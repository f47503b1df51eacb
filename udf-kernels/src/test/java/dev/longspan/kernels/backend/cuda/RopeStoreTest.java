package dev.longspan.kernels.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;
import dev.longspan.kernels.backend.cuda.device.GpuTest;
import dev.longspan.kernels.backend.cuda.device.Stream;
import dev.longspan.kernels.checkpoint.Dtype;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.RopeConfig;
import dev.longspan.kernels.model.TestModels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@GpuTest
class RopeStoreTest {
  /** Sequences around the ends of pages and windows. */
  private static final int[] LENGTHS = {1, 31, 32, 63, 64, 65, 127, 128, 300};

  private static final int PAGES_BETWEEN = 2;

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

  /** What a way through the sequences leaves: rotated q [sequence][token, column] and the cache. */
  private record Outcome(List<short[]> q, short[] cache, short[] fine, short[] coarse) {
    void assertSame(Outcome other, String what) {
      for (int s = 0; s < q.size(); s++) {
        assertArrayEquals(q.get(s), other.q.get(s), what + ": q of sequence " + s);
      }
      assertArrayEquals(cache, other.cache, what + ": keys and values");
      assertArrayEquals(fine, other.fine, what + ": fine keys");
      assertArrayEquals(coarse, other.coarse, what + ": coarse keys");
    }
  }

  /** Rows of a sequence that a step takes. */
  private record Part(int sequence, int start, int count) {}

  private final class Setup implements AutoCloseable {
    final ModelConfig config;
    final RopeStore kernels;
    final List<float[]> rows = new ArrayList<>();
    final int[] pageTable;
    final int[] table = new int[LENGTHS.length];
    final int pages;
    final float[] qNorm;
    final float[] kNorm;
    private final List<DeviceBuffer> buffers = new ArrayList<>();
    private final DeviceBuffer pageTableBuffer;
    private final DeviceBuffer qNormBuffer;
    private final DeviceBuffer kNormBuffer;
    private final DeviceBuffer cache;
    private final DeviceBuffer fine;
    private final DeviceBuffer coarse;

    Setup(int kvHeads, int group, int dim, boolean norm) {
      RopeConfig plain = RopeConfig.plain(10000, dim);
      float[] factor = new float[dim / 2];
      for (int i = 0; i < factor.length; i++) {
        factor[i] = 1 + i * i / 30f;
      }
      config =
          TestModels.config(kvHeads, group, dim)
              .withRope(new RopeConfig(plain.invFreq(), factor, 1.19f));
      kernels = new RopeStore(device, stream, config, 512);
      List<Integer> order = new ArrayList<>();
      int entries = 0;
      for (int s = 0; s < LENGTHS.length; s++) {
        table[s] = entries;
        entries += TestModels.pages(LENGTHS[s]);
        rows.add(Bf16.random(LENGTHS[s] * config.qkvSize(), 1, s));
      }
      pages = entries + PAGES_BETWEEN;
      for (int p = 0; p < pages; p++) {
        order.add(p);
      }
      Collections.shuffle(order, new Random(7));
      pageTable = order.stream().limit(entries).mapToInt(Integer::intValue).toArray();
      qNorm = norm ? Bf16.random(dim, 1, 91) : null;
      kNorm = norm ? Bf16.random(dim, 1, 92) : null;
      pageTableBuffer = buffer(4L * entries);
      pageTableBuffer.copyFrom(pageTable);
      qNormBuffer = norm ? buffer(4L * dim) : null;
      kNormBuffer = norm ? buffer(4L * dim) : null;
      if (norm) {
        qNormBuffer.copyFrom(qNorm);
        kNormBuffer.copyFrom(kNorm);
      }
      cache = buffer(2L * pages * kvHeads * 2 * 64 * dim);
      fine = buffer(2L * pages * kvHeads * 4 * dim);
      coarse = buffer(2L * pages * kvHeads * dim);
    }

    private DeviceBuffer buffer(long bytes) {
      DeviceBuffer buffer = device.allocate("test buffer " + buffers.size(), bytes);
      buffers.add(buffer);
      return buffer;
    }

    private Outcome empty() {
      for (DeviceBuffer buffer : List.of(cache, fine, coarse)) {
        stream.fill(buffer, 0xFF);
      }
      List<short[]> q = new ArrayList<>();
      for (int length : LENGTHS) {
        q.add(new short[length * config.heads() * config.headDim()]);
      }
      return new Outcome(
          q,
          new short[(int) cache.bytes() / 2],
          new short[(int) fine.bytes() / 2],
          new short[(int) coarse.bytes() / 2]);
    }

    private void read(Outcome to) {
      cache.copyTo(to.cache);
      fine.copyTo(to.fine);
      coarse.copyTo(to.coarse);
    }

    /** Copies the row of a token to row {@code to} of a step. */
    private void row(int sequence, int token, float[] step, int to) {
      int width = config.qkvSize();
      System.arraycopy(rows.get(sequence), token * width, step, to * width, width);
    }

    private void takeQuery(short[] step, int from, Outcome to, int sequence, int token) {
      int columns = config.heads() * config.headDim();
      System.arraycopy(step, from * config.qkvSize(), to.q.get(sequence), token * columns, columns);
    }

    Outcome prefill(List<List<Part>> steps) {
      Outcome outcome = empty();
      for (List<Part> step : steps) {
        int count = step.stream().mapToInt(Part::count).sum();
        int longest = step.stream().mapToInt(Part::count).max().orElseThrow();
        int[] segments = new int[8 * step.size()];
        float[] values = new float[count * config.qkvSize()];
        int first = 0;
        for (int i = 0; i < step.size(); i++) {
          Part part = step.get(i);
          int[] segment = {first, part.count, part.start, table[part.sequence]};
          System.arraycopy(segment, 0, segments, 8 * i, 4);
          for (int t = 0; t < part.count; t++) {
            row(part.sequence, part.start + t, values, first + t);
          }
          first += part.count;
        }
        short[] qkv = Bf16.bits(values);
        try (DeviceBuffer buffer = device.allocate("qkv", 2L * qkv.length);
            DeviceBuffer segmentBuffer = device.allocate("segments", 4L * segments.length)) {
          buffer.copyFrom(qkv);
          segmentBuffer.copyFrom(segments);
          PrefillStep arguments =
              new PrefillStep(
                  pageTableBuffer, segmentBuffer, null, step.size(), 0, count, longest, 0);
          kernels.prefill(stream, buffer, qNormBuffer, kNormBuffer, arguments, cache, fine, coarse);
          buffer.copyTo(qkv);
        }
        for (int i = 0; i < step.size(); i++) {
          Part part = step.get(i);
          for (int t = 0; t < part.count; t++) {
            takeQuery(qkv, segments[8 * i] + t, outcome, part.sequence, part.start + t);
          }
        }
      }
      read(outcome);
      return outcome;
    }

    /** Feeds token by token, each sequence in another row each time, with rows of padding. */
    Outcome decode() {
      Outcome outcome = empty();
      int width = 16;
      List<Integer> places = new ArrayList<>();
      for (int i = 0; i < width; i++) {
        places.add(i);
      }
      try (DeviceBuffer buffer = device.allocate("qkv", 2L * width * config.qkvSize());
          DeviceBuffer positionBuffer = device.allocate("positions", 4L * width);
          DeviceBuffer tableBuffer = device.allocate("tables", 4L * width)) {
        for (int token = 0; token < Arrays.stream(LENGTHS).max().orElseThrow(); token++) {
          Collections.shuffle(places, new Random(token));
          int[] positions = new int[width];
          Arrays.fill(positions, -1);
          int[] tables = new int[width];
          float[] values = new float[width * config.qkvSize()];
          for (int s = 0; s < LENGTHS.length; s++) {
            if (token < LENGTHS[s]) {
              positions[places.get(s)] = token;
              tables[places.get(s)] = table[s];
              row(s, token, values, places.get(s));
            }
          }
          short[] qkv = Bf16.bits(values);
          buffer.copyFrom(qkv);
          positionBuffer.copyFrom(positions);
          tableBuffer.copyFrom(tables);
          kernels.decode(
              stream,
              buffer,
              width,
              qNormBuffer,
              kNormBuffer,
              positionBuffer,
              tableBuffer,
              pageTableBuffer,
              cache,
              fine,
              coarse);
          buffer.copyTo(qkv);
          for (int s = 0; s < LENGTHS.length; s++) {
            if (token < LENGTHS[s]) {
              takeQuery(qkv, places.get(s), outcome, s, token);
            }
          }
          for (int r = 0; r < width; r++) {
            if (positions[r] < 0) {
              int from = r * config.qkvSize();
              for (int c = 0; c < config.qkvSize(); c++) {
                assertEquals(0, qkv[from + c], "a row of padding stays as it is");
              }
            }
          }
        }
      }
      read(outcome);
      return outcome;
    }

    /** Returns the index of the row of {@code slot} of a page of keys or values. */
    int at(int sequence, int token, int kvHead, int kind, int c) {
      int dim = config.headDim();
      int page = pageTable[table[sequence] + token / 64];
      int tile = ((page * config.kvHeads() + kvHead) * 2 + kind) * 64 * dim;
      return tile + PanelMatrix.index(64, token % 64, c);
    }

    /** Returns a head of a token in double precision: after the norm, if there is one, and RoPE. */
    double[] rotated(int sequence, int token, int head) {
      int dim = config.headDim();
      float[] norm = head < config.heads() ? qNorm : kNorm;
      double[] x = new double[dim];
      double squares = 0;
      for (int i = 0; i < dim; i++) {
        x[i] = rows.get(sequence)[token * config.qkvSize() + head * dim + i];
        squares += x[i] * x[i];
      }
      if (norm != null) {
        double inverse = 1 / Math.sqrt(squares / dim + config.rmsNormEps());
        for (int i = 0; i < dim; i++) {
          x[i] *= inverse * norm[i];
        }
      }
      double[] y = new double[dim];
      for (int i = 0; i < dim / 2; i++) {
        double angle = config.rope().angle(token, i);
        double cos = Math.cos(angle) * config.rope().attentionScale();
        double sin = Math.sin(angle) * config.rope().attentionScale();
        y[i] = x[i] * cos - x[i + dim / 2] * sin;
        y[i + dim / 2] = x[i + dim / 2] * cos + x[i] * sin;
      }
      return y;
    }

    @Override
    public void close() {
      buffers.forEach(DeviceBuffer::close);
      kernels.close();
    }
  }

  private static List<List<Part>> whole() {
    List<Part> step = new ArrayList<>();
    for (int s = 0; s < LENGTHS.length; s++) {
      step.add(new Part(s, 0, LENGTHS[s]));
    }
    return List.of(step);
  }

  private static List<List<Part>> chunks() {
    Random random = new Random(3);
    int[] sizes = {1, 5, 16, 33, 64, 100};
    int[] done = new int[LENGTHS.length];
    List<List<Part>> steps = new ArrayList<>();
    while (true) {
      List<Part> step = new ArrayList<>();
      for (int s = 0; s < LENGTHS.length; s++) {
        int count = Math.min(sizes[random.nextInt(sizes.length)], LENGTHS[s] - done[s]);
        if (count > 0) {
          step.add(new Part(s, done[s], count));
          done[s] += count;
        }
      }
      if (step.isEmpty()) {
        return steps;
      }
      steps.add(step);
    }
  }

  @ParameterizedTest(name = "{0} KV heads, group {1}, head dim {2}, norm {3}")
  @CsvSource({
    "2, 16, 128, false",
    "2, 2, 64, true",
    "5, 1, 64, false",
    "1, 6, 128, true",
    "2, 12, 64, false"
  })
  void anyWayThroughASequenceLeavesTheSameBits(int kvHeads, int group, int dim, boolean norm) {
    try (Setup setup = new Setup(kvHeads, group, dim, norm)) {
      Outcome whole = setup.prefill(whole());
      agreesWithTheReference(setup, whole);
      whole.assertSame(setup.prefill(chunks()), "in chunks");
      whole.assertSame(setup.decode(), "token by token");
    }
  }

  private static void agreesWithTheReference(Setup setup, Outcome got) {
    ModelConfig config = setup.config;
    int dim = config.headDim();
    List<Double> want = new ArrayList<>();
    List<Float> found = new ArrayList<>();
    for (int s = 0; s < LENGTHS.length; s++) {
      for (int t = 0; t < LENGTHS[s]; t++) {
        for (int h = 0; h < config.heads() + config.kvHeads(); h++) {
          double[] head = setup.rotated(s, t, h);
          for (int c = 0; c < dim; c++) {
            want.add(head[c]);
            found.add(
                Dtype.fromBf16(
                    h < config.heads()
                        ? got.q.get(s)[(t * config.heads() + h) * dim + c]
                        : got.cache[setup.at(s, t, h - config.heads(), 0, c)]));
          }
        }
        for (int h = 0; h < config.kvHeads(); h++) {
          int from =
              t * config.qkvSize() + (config.heads() + config.kvHeads() + h) * config.headDim();
          for (int c = 0; c < dim; c++) {
            assertEquals(
                setup.rows.get(s)[from + c],
                Dtype.fromBf16(got.cache[setup.at(s, t, h, 1, c)]),
                "value of token " + t + " of sequence " + s);
          }
        }
      }
      pooledKeysAreExact(setup, got, s, 32, 16);
      pooledKeysAreExact(setup, got, s, 128, 64);
    }
    float[] values = new float[found.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = found.get(i);
    }
    double error =
        Bf16.relativeError(want.stream().mapToDouble(Double::doubleValue).toArray(), values);
    assertTrue(error < 5e-3, "rotated q and k: relative error " + error);
  }

  private static void pooledKeysAreExact(
      Setup setup, Outcome got, int sequence, int size, int stride) {
    int dim = setup.config.headDim();
    int kvHeads = setup.config.kvHeads();
    for (int last = size - 1; last < LENGTHS[sequence]; last += stride) {
      int page = setup.pageTable[setup.table[sequence] + last / 64];
      int slot = (last + 1) / stride - 1;
      for (int h = 0; h < kvHeads; h++) {
        for (int c = 0; c < dim; c++) {
          float sum = 0;
          for (int t = last + 1 - size; t <= last; t++) {
            sum += Dtype.fromBf16(got.cache[setup.at(sequence, t, h, 0, c)]);
          }
          int chunk = (c % 64 / 8 ^ slot % 8) * 8 + c % 8;
          short pooled =
              stride == 16
                  ? got.fine[(page * kvHeads + h) * 4 * dim + c / 64 * 256 + slot % 4 * 64 + chunk]
                  : got.coarse[(page * kvHeads + h) * dim + c / 64 * 64 + chunk];
          assertEquals(
              Dtype.bf16(sum / size),
              pooled,
              String.format("window of %d that ends at %d of sequence %d", size, last, sequence));
        }
      }
    }
  }

  @Test
  void keysOfFarPositionsAreRotatedByTheRightAngle() {
    int position = 131_071;
    ModelConfig config = TestModels.config(1, 1, 64);
    float[] row = Bf16.random(config.qkvSize(), 1, 5);
    try (RopeStore kernels = new RopeStore(device, stream, config, position + 1);
        DeviceBuffer qkv = device.allocate("qkv", 2L * row.length);
        DeviceBuffer positions = device.allocate("positions", 4);
        DeviceBuffer tables = device.allocate("tables", 4);
        DeviceBuffer pageTable = device.allocate("page table", 4L * 2048);
        DeviceBuffer cache = device.allocate("cache", 2L * 2 * 64 * 64)) {
      qkv.copyFrom(Bf16.bits(row));
      positions.copyFrom(new int[] {position});
      tables.copyFrom(new int[] {0});
      pageTable.copyFrom(new int[2048]);
      kernels.decode(stream, qkv, 1, null, null, positions, tables, pageTable, cache, null, null);
      short[] bits = new short[row.length];
      qkv.copyTo(bits);
      float[] got = Bf16.values(bits);
      for (int i = 0; i < 32; i++) {
        double angle = config.rope().angle(position, i);
        double want = row[i] * Math.cos(angle) - row[i + 32] * Math.sin(angle);
        assertEquals(want, got[i], 0.02, "pair " + i);
      }
    }
  }
}
