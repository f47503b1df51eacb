package dev.longspan.kernels.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;
import dev.longspan.kernels.backend.cuda.device.GpuTest;
import dev.longspan.kernels.backend.cuda.device.Stream;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@GpuTest
class NormsTest {
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

  @Test
  void embedsExactlyAndLeavesPaddingRowsAlone() {
    int[] tokens = {5, 0, -1, 70, 3, 69, 70};
    for (int hidden : new int[] {4, 52, 256, 1028}) {
      float[] table = Bf16.random(71 * hidden, 1, hidden);
      float[] want = new float[tokens.length * hidden];
      for (int i = 0; i < want.length; i++) {
        int token = tokens[i / hidden];
        want[i] = token < 0 ? 9 : table[token * hidden + i % hidden] * 12f;
      }
      try (DeviceBuffer packed = device.allocate("table", Packing.bytes(71, hidden));
          DeviceBuffer ids = device.allocate("tokens", 4L * tokens.length);
          DeviceBuffer out = device.allocate("x", 4L * want.length)) {
        packed.copyFrom(PanelMatrix.pack(table, 128, 71, hidden));
        ids.copyFrom(tokens);
        float[] got = new float[want.length];
        Arrays.fill(got, 9);
        out.copyFrom(got);
        new Norms(device).embed(stream, packed, 128, ids, tokens.length, hidden, 12, out);
        out.copyTo(got);
        assertArrayEquals(want, got, "hidden " + hidden);
      }
    }
  }

  @Test
  void normsRowsWhateverTheirNumberAndOrder() {
    int rows = 67;
    for (int hidden : new int[] {4, 52, 256, 4096, 10_244}) {
      float[] x = Bf16.random(rows * hidden, 3, hidden);
      Arrays.fill(x, 2 * hidden, 3 * hidden, 0);
      float[] weight = Bf16.random(hidden, 0.2, 1);
      double[] want = new double[rows * hidden];
      for (int r = 0; r < rows; r++) {
        double squares = 0;
        for (int c = 0; c < hidden; c++) {
          squares += (double) x[r * hidden + c] * x[r * hidden + c];
        }
        for (int c = 0; c < hidden; c++) {
          int i = r * hidden + c;
          want[i] = x[i] / Math.sqrt(squares / hidden + 1e-5) * weight[c];
        }
      }
      float[] all = norm(x, weight, null, rows, hidden, 1, 128);
      double error = Bf16.relativeError(want, withoutPadding(all, rows, hidden));
      assertTrue(error < 5e-3, hidden + " columns: relative error " + error);
      int padded = Packing.paddedCols(hidden);
      for (int i = 0; i < all.length; i++) {
        assertTrue(i % padded < hidden || all[i] == 0, "padding column " + i % padded);
      }
      int[] some = {66, 0, 5, 66};
      float[] gathered = norm(x, weight, some, 4, hidden, 1, 8);
      float[] scaled = norm(x, weight, some, 4, hidden, 0.0625f, 8);
      for (int i = 0; i < gathered.length; i++) {
        assertEquals(all[some[i / padded] * padded + i % padded], gathered[i], "element " + i);
        assertEquals(gathered[i] * 0.0625f, scaled[i], "scaled element " + i);
      }
    }
  }

  private static float[] withoutPadding(float[] padded, int rows, int cols) {
    float[] values = new float[rows * cols];
    for (int i = 0; i < values.length; i++) {
      values[i] = padded[i / cols * Packing.paddedCols(cols) + i % cols];
    }
    return values;
  }

  private float[] norm(
      float[] x, float[] weight, int[] index, int rows, int hidden, float scale, int ld) {
    short[] panels = new short[ld * Packing.paddedCols(hidden)];
    try (DeviceBuffer from = device.allocate("x", 4L * x.length);
        DeviceBuffer w = device.allocate("weight", 4L * hidden);
        DeviceBuffer which = device.allocate("index", 4L * rows);
        DeviceBuffer out = device.allocate("normed", 2L * panels.length)) {
      from.copyFrom(x);
      w.copyFrom(weight);
      if (index != null) {
        which.copyFrom(index);
      }
      stream.fill(out, 0xFF);
      new Norms(device)
          .rmsNorm(
              stream, from, w, index == null ? null : which, rows, hidden, 1e-5f, scale, out, ld);
      out.copyTo(panels);
    }
    return PanelMatrix.unpack(panels, ld, rows, Packing.paddedCols(hidden));
  }
}
