package dev.longspan.kernels.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.longspan.kernels.backend.cuda.HopperGemm.Tile;
import dev.longspan.kernels.backend.cuda.PortableGemm.Epilogue;
import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;
import dev.longspan.kernels.backend.cuda.device.GpuTest;
import dev.longspan.kernels.backend.cuda.device.Stream;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class HopperGemmTest {
  private static final int[] ROWS = {300, 129, 128, 127, 65, 64, 63, 7, 1};
  private static final float SCALE = 0.25f;

  @Test
  void takesTheTileWhoseWavesEndFirst() {
    // Measured on an H100 with 132 SMs, as `HopperGemm` says.
    assertEquals(Tile.T128X192, HopperGemm.fastest(4_096, 4_608, 132));
    assertEquals(Tile.T128X256, HopperGemm.fastest(4_096, 4_096, 132));
    assertEquals(Tile.T128X256, HopperGemm.fastest(32_768, 32_768, 132));
    assertEquals(Tile.T128X128, HopperGemm.fastest(512, 4_096, 132));
    assertEquals(Tile.T64X64, HopperGemm.fastest(64, 4_096, 132));
    assertEquals(Tile.T64X64, HopperGemm.fastest(1, 64, 132));
  }

  @Test
  @GpuTest
  void multipliesWithEveryEpilogueAndTile() {
    try (Device device = Device.open("0");
        Stream stream = device.stream("test")) {
      multiplyEverything(device, stream);
    }
  }

  private static void multiplyEverything(Device device, Stream stream) {
    int capability = device.info().computeCapability();
    assumeTrue(capability == 90, "needs compute capability 9.0; this GPU has " + capability);
    HopperGemm gemm = new HopperGemm(device);
    int[][] shapes = {{200, 64}, {272, 320}, {64, 1000}, {1000, 72}};
    for (int[] shape : shapes) {
      int n = shape[0];
      int k = shape[1];
      float[] x = Bf16.random(ROWS[0] * k, 1, k);
      float[] w = Bf16.random(n * k, 1 / Math.sqrt(k), n);
      float[] bias = Bf16.random(n, 1, 3);
      float[] before = Bf16.random(ROWS[0] * n, 1, 4);
      double[] products = ProductReference.product(ProductReference.doubles(x), w, n, k);
      for (Epilogue epilogue : Epilogue.values()) {
        boolean gated = epilogue == Epilogue.SWIGLU;
        if (gated && n % 16 != 0) {
          continue;
        }
        double[] want = ProductReference.epilogue(epilogue, products, n, bias, SCALE, before);
        int width = want.length / ROWS[0];
        Matrix matrix = ProductReference.matrix(device, w, n, k, gated);
        float[] all = null;
        for (int rows : ROWS) {
          for (Tile tile : Tile.values()) {
            String what = epilogue + " " + rows + " x " + n + " x " + k + " by " + tile;
            float[] got =
                multiply(
                    stream, gemm, tile, epilogue, x, rows, matrix, gated ? null : bias, before);
            double error = Bf16.relativeError(Arrays.copyOf(want, rows * width), got);
            assertTrue(error < 5e-3, what + ": relative error " + error);
            all = all == null ? got : all;
            assertArrayEquals(Arrays.copyOf(all, rows * width), got, what + ": other bits");
          }
        }
        matrix.data().close();
      }
    }
  }

  private static float[] multiply(
      Stream stream,
      HopperGemm gemm,
      Tile tile,
      Epilogue epilogue,
      float[] x,
      int rows,
      Matrix w,
      float[] bias,
      float[] before) {
    Device device = stream.device();
    boolean gated = epilogue == Epilogue.SWIGLU;
    int ld = (rows + 127) / 128 * 128;
    int n = w.n();
    int padded = (int) w.paddedRows() / 2;
    short[] panels = new short[ld * padded];
    short[] halves = new short[rows * n];
    float[] floats = epilogue == Epilogue.ADD ? Arrays.copyOf(before, rows * n) : nans(rows * n);
    try (DeviceBuffer from = device.allocate("x", 2L * ld * Packing.paddedCols(w.k()));
        DeviceBuffer added = device.allocate("bias", 4L * n);
        DeviceBuffer out = device.allocate("out", 4L * Math.max(floats.length, panels.length))) {
      from.copyFrom(PanelMatrix.pack(x, ld, rows, w.k()));
      added.copyFrom(bias == null ? new float[n] : bias);
      stream.fill(out, 0xFF);
      stream.synchronize();
      out.copyFrom(floats);
      gemm.multiply(
          tile,
          stream,
          epilogue,
          from,
          ld,
          rows,
          w,
          bias == null ? null : added,
          SCALE,
          out,
          gated ? ld : n);
      if (gated) {
        out.copyTo(panels);
        float[] all = PanelMatrix.unpack(panels, ld, rows, padded);
        float[] result = new float[rows * n / 2];
        for (int i = 0; i < all.length; i++) {
          if (i % padded < n / 2) {
            result[i / padded * (n / 2) + i % padded] = all[i];
          } else {
            assertEquals(0, all[i], "padding column " + i % padded);
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

  private static float[] nans(int count) {
    float[] values = new float[count];
    Arrays.fill(values, Float.NaN);
    return values;
  }
}
