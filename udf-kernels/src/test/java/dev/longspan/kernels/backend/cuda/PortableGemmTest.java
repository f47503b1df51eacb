package dev.longspan.kernels.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.kernels.backend.cuda.PortableGemm.Epilogue;
import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;
import dev.longspan.kernels.backend.cuda.device.GpuTest;
import dev.longspan.kernels.backend.cuda.device.Stream;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@GpuTest
class PortableGemmTest {
  private static final float SCALE = 0.25f;

  private Device device;
  private Stream stream;
  private PortableGemm gemm;

  @BeforeEach
  void open() {
    device = Device.open("0");
    stream = device.stream("test");
    gemm = new PortableGemm(device);
  }

  @AfterEach
  void close() {
    stream.close();
    device.close();
  }

  @Test
  void multipliesWithEveryEpilogue() {
    int[][] shapes = {
      {1, 64, 16}, {7, 52, 130}, {64, 640, 256}, {65, 1024, 400}, {130, 300, 144}, {9, 704, 72}
    };
    for (int[] shape : shapes) {
      int rows = shape[0];
      int k = shape[1];
      int n = shape[2];
      float[] x = Bf16.random(rows * k, 1, k);
      float[] w = Bf16.random(n * k, 1 / Math.sqrt(k), n);
      float[] bias = Bf16.random(n, 1, 3);
      for (Epilogue epilogue : Epilogue.values()) {
        if (epilogue == Epilogue.SWIGLU && n % 16 != 0) {
          continue;
        }
        double[] want = want(epilogue, x, rows, k, w, n, bias);
        for (boolean few : new boolean[] {false, true}) {
          if (few && rows > PortableGemm.FEW_ROWS) {
            continue;
          }
          String what = epilogue + " " + Arrays.toString(shape) + (few ? " few" : " many");
          float[] all = multiply(few, epilogue, x, rows, k, w, n, bias);
          double error = Bf16.relativeError(want, all);
          assertTrue(error < 5e-3, what + ": relative error " + error);
          int width = want.length / rows;
          float[] last = Arrays.copyOfRange(x, (rows - 1) * k, rows * k);
          assertArrayEquals(
              Arrays.copyOfRange(all, (rows - 1) * width, rows * width),
              multiply(few, epilogue, last, 1, k, w, n, bias),
              what + ": the last row alone");
        }
      }
    }
  }

  /** What is in {@code out} before: only ADD looks at it. */
  private static float before(int column) {
    return column % 7 - 3;
  }

  private static double[] want(
      Epilogue epilogue, float[] x, int rows, int k, float[] w, int n, float[] bias) {
    double[] products = new double[rows * n];
    for (int i = 0; i < products.length; i++) {
      for (int j = 0; j < k; j++) {
        products[i] += (double) x[i / n * k + j] * w[i % n * k + j];
      }
    }
    int width = epilogue == Epilogue.SWIGLU ? n / 2 : n;
    double[] want = new double[rows * width];
    for (int i = 0; i < want.length; i++) {
      int r = i / width;
      int c = i % width;
      double v = SCALE * (products[r * n + c] + bias[c]);
      if (epilogue == Epilogue.SWIGLU) {
        double gate = products[r * n + c];
        v = gate / (1 + Math.exp(-gate)) * products[r * n + n / 2 + c];
      }
      want[i] = epilogue == Epilogue.ADD ? before(c) + v : v;
    }
    return want;
  }

  /** Rows of gate and up by turns of eight, where there are such. */
  private static float[] placed(Epilogue epilogue, float[] w, int n, int k) {
    if (epilogue != Epilogue.SWIGLU) {
      return w;
    }
    float[] placed = new float[w.length];
    for (int i = 0; i < n; i++) {
      int unit = i % (n / 2);
      int to = unit / 8 * 16 + unit % 8 + (i < n / 2 ? 0 : 8);
      System.arraycopy(w, i * k, placed, to * k, k);
    }
    return placed;
  }

  private float[] multiply(
      boolean few, Epilogue epilogue, float[] x, int rows, int k, float[] w, int n, float[] bias) {
    boolean gated = epilogue == Epilogue.SWIGLU;
    int xRows = few ? (rows + 7) / 8 * 8 : (rows + 127) / 128 * 128;
    int wRows = (int) Packing.paddedRows(n);
    short[] weights = PanelMatrix.pack(placed(epilogue, w, n, k), wRows, n, k);
    for (int r = n; r < wRows; r++) {
      for (int c = 0; c < Packing.paddedCols(k); c++) {
        weights[PanelMatrix.index(wRows, r, c)] = 0;
      }
    }
    short[] panels = new short[xRows * wRows / 2];
    short[] halves = new short[rows * n];
    float[] floats = new float[rows * n];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = epilogue == Epilogue.ADD ? before(i % n) : Float.NaN;
    }
    try (DeviceBuffer from = device.allocate("x", 2L * xRows * Packing.paddedCols(k));
        DeviceBuffer matrix = device.allocate("w", 2L * weights.length);
        DeviceBuffer b = device.allocate("bias", 4L * n);
        DeviceBuffer out = device.allocate("out", 4L * Math.max(floats.length, panels.length))) {
      from.copyFrom(PanelMatrix.pack(x, xRows, rows, k));
      matrix.copyFrom(weights);
      b.copyFrom(bias);
      out.copyFrom(floats);
      DeviceBuffer added = gated ? null : b;
      int wanted = gated ? wRows : n;
      long pitch = gated ? xRows : n;
      if (few) {
        gemm.few(
            stream, epilogue, from, xRows, rows, matrix, wRows, wanted, k, added, SCALE, out,
            pitch);
      } else {
        gemm.many(
            stream, epilogue, from, xRows, rows, matrix, wRows, wanted, k, added, SCALE, out,
            pitch);
      }
      if (gated) {
        out.copyTo(panels);
        float[] padded = PanelMatrix.unpack(panels, xRows, rows, wRows / 2);
        float[] result = new float[rows * n / 2];
        for (int i = 0; i < padded.length; i++) {
          int column = i % (wRows / 2);
          if (column < n / 2) {
            result[i / (wRows / 2) * (n / 2) + column] = padded[i];
          } else {
            assertEquals(0, padded[i], "padding column " + column);
          }
        }
        return result;
      }
      if (epilogue == Epilogue.STORE) {
        out.copyTo(halves);
        return Bf16.values(halves);
      }
      out.copyTo(floats);
      return floats;
    }
  }
}
