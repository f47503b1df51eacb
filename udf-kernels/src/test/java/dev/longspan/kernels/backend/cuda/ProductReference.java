package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.backend.cuda.PortableGemm.Epilogue;
import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;

/** Products in double precision, and weights as the kernels want them. */
final class ProductReference {
  private ProductReference() {}

  /** Returns x w^T: [rows, n] of x [rows, k] and w [n, k]. */
  static double[] product(double[] x, float[] w, int n, int k) {
    int rows = x.length / k;
    double[] products = new double[rows * n];
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < n; c++) {
        double sum = 0;
        for (int j = 0; j < k; j++) {
          sum += x[r * k + j] * w[c * k + j];
        }
        products[r * n + c] = sum;
      }
    }
    return products;
  }

  /**
   * Returns what an epilogue makes of products [rows, n].
   *
   * @param bias [n], or null
   * @param before what ADD adds to
   */
  static double[] epilogue(
      Epilogue epilogue, double[] products, int n, float[] bias, double scale, float[] before) {
    if (epilogue == Epilogue.SWIGLU) {
      double[] values = new double[products.length / 2];
      for (int i = 0; i < values.length; i++) {
        double gate = products[i / (n / 2) * n + i % (n / 2)];
        values[i] = gate / (1 + Math.exp(-gate)) * products[i / (n / 2) * n + n / 2 + i % (n / 2)];
      }
      return values;
    }
    double[] values = new double[products.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = scale * (products[i] + (bias == null ? 0 : bias[i % n]));
      if (epilogue == Epilogue.ADD) {
        values[i] += before[i];
      }
    }
    return values;
  }

  /** Returns rows of an RMSNorm. */
  static double[] norm(double[] x, float[] weight, double eps) {
    int hidden = weight.length;
    double[] normed = new double[x.length];
    for (int r = 0; r < x.length / hidden; r++) {
      double squares = 0;
      for (int c = 0; c < hidden; c++) {
        squares += x[r * hidden + c] * x[r * hidden + c];
      }
      double factor = 1 / Math.sqrt(squares / hidden + eps);
      for (int c = 0; c < hidden; c++) {
        normed[r * hidden + c] = x[r * hidden + c] * factor * weight[c];
      }
    }
    return normed;
  }

  /** Brings a weight [n, k] to the device; {@code gated}: gate above up, to take turns by eight. */
  static Matrix matrix(Device device, float[] w, int n, int k, boolean gated) {
    float[] placed = w;
    if (gated) {
      placed = new float[w.length];
      for (int i = 0; i < n; i++) {
        int unit = i % (n / 2);
        int to = unit / 8 * 16 + unit % 8 + (i < n / 2 ? 0 : 8);
        System.arraycopy(w, i * k, placed, to * k, k);
      }
    }
    int padded = (int) Packing.paddedRows(n);
    short[] panels = PanelMatrix.pack(placed, padded, n, k);
    for (int r = n; r < padded; r++) {
      for (int c = 0; c < Packing.paddedCols(k); c++) {
        panels[PanelMatrix.index(padded, r, c)] = 0;
      }
    }
    DeviceBuffer data = device.allocate("w", 2L * panels.length);
    data.copyFrom(panels);
    return new Matrix(data, n, k);
  }

  /** Returns values as doubles. */
  static double[] doubles(float[] values) {
    double[] doubles = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      doubles[i] = values[i];
    }
    return doubles;
  }
}
