package dev.longspan.kernels.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;
import dev.longspan.kernels.backend.cuda.device.GpuTest;
import dev.longspan.kernels.backend.cuda.device.Stream;
import dev.longspan.kernels.sampling.Filters;
import dev.longspan.kernels.sampling.LogProbs;
import dev.longspan.kernels.sampling.Sampler;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@GpuTest
class DeviceSamplerTest {
  private static final float INF = Float.POSITIVE_INFINITY;

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

  /** A row's logits and how its token is drawn. */
  private record Row(float[] logits, Filters filters, BitSet seen, double uniform) {}

  /** Draws a token for each row on the device; {@code seen} gets the tokens. */
  private int[] sample(int vocab, List<Row> rows) {
    DeviceSampler sampler = new DeviceSampler(device, vocab);
    int pitch = (vocab + 3) / 4 * 4;
    int ints = sampler.bitmapInts();
    float[] logits = new float[rows.size() * pitch];
    Arrays.fill(logits, Float.NaN);
    int[] bitmaps = new int[rows.size() * ints];
    ByteBuffer parameters =
        ByteBuffer.allocateDirect(rows.size() * DeviceSampler.ROW_BYTES)
            .order(ByteOrder.nativeOrder());
    for (int r = 0; r < rows.size(); r++) {
      Row row = rows.get(r);
      System.arraycopy(row.logits, 0, logits, r * pitch, vocab);
      // Bitmaps lie in another order than rows.
      int bitmap = row.seen == null ? DeviceSampler.NOT_MARKED : rows.size() - 1 - r;
      if (row.seen != null) {
        row.seen.stream().forEach(id -> bitmaps[bitmap * ints + id / 32] |= 1 << id % 32);
      }
      DeviceSampler.put(parameters, r, row.filters, row.uniform, bitmap);
    }
    int[] tokens = new int[rows.size()];
    try (DeviceBuffer values = device.allocate("logits", 4L * logits.length);
        DeviceBuffer settings = device.allocate("parameters", parameters.capacity());
        DeviceBuffer marks = device.allocate("seen", 4L * bitmaps.length);
        DeviceBuffer out = device.allocate("tokens", 4L * tokens.length)) {
      values.copyFrom(logits);
      settings.copyFrom(parameters);
      marks.copyFrom(bitmaps);
      sampler.sample(stream, values, pitch, rows.size(), settings, marks, out);
      out.copyTo(tokens);
      marks.copyTo(bitmaps);
    }
    for (int r = 0; r < rows.size(); r++) {
      BitSet seen = rows.get(r).seen;
      if (seen != null && tokens[r] >= 0) {
        seen.set(tokens[r]);
      }
      for (int id = 0; seen != null && id < vocab; id++) {
        int word = bitmaps[(rows.size() - 1 - r) * ints + id / 32];
        assertEquals(seen.get(id), (word >>> id % 32 & 1) != 0, "mark of token " + id);
      }
    }
    return tokens;
  }

  private static Row row(int vocab, Random random) {
    double[] temperatures = {0, 1e-3, 0.05, 0.6, 1, 1.7, 30};
    double[] topPs = {1, 1, 0.95, 0.5, 1e-6};
    double[] minPs = {0, 0, 0.05, 0.5, 1};
    double[] penalties = {1, 1, 1.2, 0.8};
    int[] topKs = {0, 0, 1, 2, 50, 1000, Math.max(1, vocab - 1), vocab + 5};
    float[] logits = new float[vocab];
    int kind = random.nextInt(7);
    double spread = kind == 0 ? 10 : kind == 1 ? 0.5 : 3;
    for (int i = 0; i < vocab; i++) {
      float v = (float) (spread * random.nextGaussian());
      logits[i] =
          switch (kind) {
            case 2 -> Math.round(v);
            case 3 -> -2.5f;
            case 4 -> random.nextInt(10) < 7 && i > 0 ? -INF : v;
            case 5 -> i % 3 == 0 ? -0.0f : i % 3 == 1 ? 0f : -Math.abs(v) / 100;
            default -> v + 20;
          };
    }
    Filters filters =
        new Filters(
            temperatures[random.nextInt(temperatures.length)],
            topKs[random.nextInt(topKs.length)],
            topPs[random.nextInt(topPs.length)],
            minPs[random.nextInt(minPs.length)],
            penalties[random.nextInt(penalties.length)]);
    BitSet seen = null;
    if (filters.repetitionPenalty() != 1 || random.nextBoolean()) {
      seen = new BitSet();
      for (int i = 0; i < vocab; i++) {
        seen.set(i, random.nextInt(10) < 3);
      }
    }
    return new Row(logits, filters, seen, random.nextDouble());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 5, 127, 1000, 8192, 73_448, DeviceSampler.MAX_VOCAB})
  void drawsWhatTheReferenceDraws(int vocab) {
    Random random = new Random(vocab);
    Sampler reference = new Sampler(vocab);
    for (int round = 0; round < (vocab > 10_000 ? 1 : 8); round++) {
      List<Row> rows = new ArrayList<>();
      int[] want = new int[64];
      for (int r = 0; r < 64; r++) {
        Row row = row(vocab, random);
        rows.add(row);
        want[r] = reference.next(row.logits, 0, row.filters, row.seen, row.uniform);
      }
      int[] got = sample(vocab, rows);
      for (int r = 0; r < 64; r++) {
        assertEquals(want[r], got[r], "row " + r + ", " + rows.get(r).filters);
      }
    }
  }

  @Test
  void aRowsTokenDependsOnNothingButTheRow() {
    Random random = new Random(11);
    List<Row> rows = new ArrayList<>();
    for (int r = 0; r < 64; r++) {
      Row row = row(3001, random);
      rows.add(new Row(row.logits, row.filters, null, row.uniform));
    }
    int[] together = sample(3001, rows);
    List<Integer> order = new ArrayList<>();
    for (int r = 0; r < 64; r++) {
      order.add(r);
      assertArrayEquals(
          new int[] {together[r]}, sample(3001, List.of(rows.get(r))), "row " + r + " alone");
    }
    Collections.shuffle(order, random);
    int[] shuffled = sample(3001, order.stream().map(rows::get).toList());
    for (int r = 0; r < 64; r++) {
      assertEquals(together[order.get(r)], shuffled[r], "row " + order.get(r) + " elsewhere");
    }
  }

  @Test
  void drawsEachTokenAsOftenAsItsProbabilitySays() {
    float[] logits = {1, 3, 2, 0, 2};
    int draws = 4000;
    int[] count = new int[5];
    // Evenly spaced numbers in place of random ones: shares are exact to one part in `draws`.
    for (int from = 0; from < draws; from += 500) {
      List<Row> rows = new ArrayList<>();
      for (int i = from; i < from + 500; i++) {
        rows.add(new Row(logits, new Filters(1, 4, 0.999, 0, 1), null, (i + 0.5) / draws));
      }
      for (int token : sample(5, rows)) {
        count[token]++;
      }
    }
    double sum = Math.exp(1) + Math.exp(3) + 2 * Math.exp(2);
    for (int i = 0; i < 5; i++) {
      double share = i == 3 ? 0 : Math.exp(logits[i]) / sum;
      assertEquals(share * draws, count[i], 1.5, "token " + i);
    }
  }

  @Test
  void refusesLogitsThatAreNoNumbers() {
    float[][] bad = {
      {1, Float.NaN, 2, 3, 4},
      {5, 4, 1, 1, Float.NaN},
      {0, INF, 1, 2, 3},
      {-INF, -INF, -INF, -INF, -INF}
    };
    for (Filters filters : List.of(Filters.GREEDY, new Filters(1, 2, 0.9, 0, 1.2))) {
      for (float[] logits : bad) {
        BitSet seen = new BitSet();
        assertEquals(
            Sampler.NOT_FINITE, sample(5, List.of(new Row(logits, filters, seen, 0.5)))[0]);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 5, 1000, 33_333, 73_448})
  void logProbabilitiesAreThoseOfTheReference(int vocab) {
    int rows = 67;
    int pitch = (vocab + 3) / 4 * 4;
    Random random = new Random(vocab);
    float[] logits = new float[rows * pitch];
    int[] targets = new int[rows];
    for (int i = 0; i < logits.length; i++) {
      boolean padding = i % pitch >= vocab;
      logits[i] = padding ? Float.NaN : (float) (5 * random.nextGaussian());
    }
    // A certain token, an impossible one, and logits that are no numbers.
    Arrays.fill(logits, 2 * pitch, 2 * pitch + vocab, -INF);
    logits[2 * pitch + vocab - 1] = -7;
    targets[2] = vocab - 1;
    logits[3 * pitch] = vocab > 1 ? -INF : 1;
    logits[4 * pitch + vocab / 2] = Float.NaN;
    logits[5 * pitch + vocab / 2] = INF;
    Arrays.fill(logits, 6 * pitch, 6 * pitch + vocab, -INF);
    for (int r = 7; r < rows; r++) {
      targets[r] = random.nextInt(vocab);
    }
    long[] bits = new long[rows];
    DeviceSampler sampler = new DeviceSampler(device, vocab);
    try (DeviceBuffer values = device.allocate("logits", 4L * logits.length);
        DeviceBuffer ids = device.allocate("targets", 4L * rows);
        DeviceBuffer out = device.allocate("out", 8L * rows)) {
      values.copyFrom(logits);
      ids.copyFrom(targets);
      sampler.logProbability(stream, values, pitch, rows, ids, out);
      out.copyTo(bits);
    }
    for (int r = 0; r < rows; r++) {
      double got = Double.longBitsToDouble(bits[r]);
      double want = LogProbs.of(logits, r * pitch, vocab, targets[r]);
      assertEquals(want, got, 1e-5, "row " + r);
      assertTrue(Double.isNaN(got) == (r >= 4 && r <= 6), "row " + r + ": " + got);
    }
  }

  @Test
  void refusesVocabulariesThatItCannotRank() {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> new DeviceSampler(device, 262_145));
    assertEquals(
        "a vocabulary of 262,145 tokens: sampling on the device ranks at most 262,144; use the"
            + " vector backend",
        e.getMessage());
  }
}
