package dev.longspan.kernels.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.longspan.kernels.backend.cuda.PortableGemm.Epilogue;
import dev.longspan.kernels.backend.cuda.ProductChain.Norm;
import dev.longspan.kernels.backend.cuda.ProductChain.Product;
import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;
import dev.longspan.kernels.backend.cuda.device.GpuTest;
import dev.longspan.kernels.backend.cuda.device.Graph;
import dev.longspan.kernels.backend.cuda.device.Stream;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@GpuTest
class ProductChainTest {
  private static final int[] ROWS = {64, 63, 33, 32, 17, 16, 9, 8, 7, 1};
  private static final float EPS = 1e-5f;

  private final Owner owner = new Owner();
  private Device device;
  private Stream stream;
  private ProductChain chain;

  @BeforeEach
  void open() {
    device = Device.open("0");
    int capability = device.info().computeCapability();
    if (capability != 90) {
      device.close();
    }
    assumeTrue(capability == 90, "needs compute capability 9.0; this GPU has " + capability);
    stream = owner.own(device.stream("test"));
    chain = owner.own(new ProductChain(device, stream));
  }

  @AfterEach
  void close() {
    owner.close();
    device.close();
  }

  @Test
  void multipliesWithEveryEpilogue() {
    float scale = 0.25f;
    int[][] shapes = {{200, 64}, {272, 320}, {64, 1000}, {1000, 72}, {1104, 2048}};
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
        double[] want = ProductReference.epilogue(epilogue, products, n, bias, scale, before);
        int width = want.length / ROWS[0];
        float[] all = null;
        for (int rows : ROWS) {
          String what = epilogue + " " + rows + " x " + n + " x " + k;
          float[] got = multiply(epilogue, x, rows, w, n, k, bias, scale, before);
          double error = Bf16.relativeError(Arrays.copyOf(want, rows * width), got);
          assertTrue(error < 5e-3, what + ": relative error " + error);
          all = all == null ? got : all;
          assertArrayEquals(Arrays.copyOf(all, rows * width), got, what + ": other bits");
        }
      }
    }
  }

  private float[] multiply(
      Epilogue epilogue,
      float[] x,
      int rows,
      float[] w,
      int n,
      int k,
      float[] bias,
      float scale,
      float[] before) {
    boolean gated = epilogue == Epilogue.SWIGLU;
    int ld = ProductChain.panelRows(rows);
    try (Owner own = new Owner()) {
      Matrix matrix = ProductReference.matrix(device, w, n, k, gated);
      own.own(matrix.data());
      DeviceBuffer a = panels(own, PanelMatrix.pack(x, ld, rows, k));
      DeviceBuffer out = own.own(device.allocate("out", 4L * (64 * matrix.paddedRows())));
      stream.fill(out, 0xFF);
      stream.synchronize();
      if (epilogue == Epilogue.ADD) {
        out.copyFrom(Arrays.copyOf(before, rows * n));
      }
      DeviceBuffer added = gated ? null : floats(own, bias);
      chain.launch(
          stream, rows, new Product(epilogue, a, null, matrix, added, scale, out, n, null));
      return read(out, epilogue, rows, n);
    }
  }

  private float[] read(DeviceBuffer out, Epilogue epilogue, int rows, int n) {
    if (epilogue == Epilogue.SWIGLU) {
      int ld = ProductChain.panelRows(rows);
      int padded = (int) Packing.paddedRows(n) / 2;
      short[] panels = new short[ld * padded];
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
      short[] halves = new short[rows * n];
      out.copyTo(halves);
      return Bf16.values(halves);
    }
    float[] floats = new float[rows * n];
    out.copyTo(floats);
    return floats;
  }

  /** Attention's output to the next layer's q, k and v, as a decoder of odd sizes has it. */
  @Test
  void aChainEqualsItsProductsOneByOneAndInAGraph() {
    int hidden = 200;
    int wide = 328;
    int qkv = 264;
    float scale = 0.5f;
    float[] output = Bf16.random(hidden * hidden, 0.07, 1);
    float[] gateUp = Bf16.random(2 * wide * hidden, 0.07, 2);
    float[] down = Bf16.random(hidden * wide, 0.06, 3);
    float[] next = Bf16.random(qkv * hidden, 0.07, 4);
    float[] middleWeight = Bf16.random(hidden, 1, 5);
    float[] endWeight = Bf16.random(hidden, 1, 6);
    float[] bias = Bf16.random(qkv, 1, 7);
    Matrix[] w = {
      ProductReference.matrix(device, output, hidden, hidden, false),
      ProductReference.matrix(device, gateUp, 2 * wide, hidden, true),
      ProductReference.matrix(device, down, hidden, wide, false),
      ProductReference.matrix(device, next, qkv, hidden, false)
    };
    for (Matrix each : w) {
      owner.own(each.data());
    }
    for (int rows : new int[] {64, 21, 5}) {
      float[] attention = Bf16.random(rows * hidden, 1, 8);
      float[] residual = Bf16.random(rows * hidden, 2, 9);
      double[] x =
          ProductReference.epilogue(
              Epilogue.ADD,
              ProductReference.product(ProductReference.doubles(attention), output, hidden, hidden),
              hidden,
              null,
              scale,
              residual);
      double[] mlp =
          ProductReference.epilogue(
              Epilogue.SWIGLU,
              ProductReference.product(
                  ProductReference.norm(x, middleWeight, EPS), gateUp, 2 * wide, hidden),
              2 * wide,
              null,
              1,
              null);
      double[] added = ProductReference.product(mlp, down, hidden, wide);
      for (int i = 0; i < x.length; i++) {
        x[i] += scale * added[i];
      }
      double[] want =
          ProductReference.epilogue(
              Epilogue.STORE,
              ProductReference.product(ProductReference.norm(x, endWeight, EPS), next, qkv, hidden),
              qkv,
              bias,
              1,
              null);

      int ld = ProductChain.panelRows(rows);
      try (Owner own = new Owner()) {
        DeviceBuffer a = panels(own, PanelMatrix.pack(attention, ld, rows, hidden));
        DeviceBuffer sum = own.own(device.allocate("x", 4L * rows * hidden));
        DeviceBuffer normed = panels(own, PanelMatrix.pack(new float[0], 64, 0, hidden));
        DeviceBuffer gated = panels(own, PanelMatrix.pack(new float[0], 64, 0, wide));
        DeviceBuffer out = own.own(device.allocate("qkv", 2L * rows * qkv));
        DeviceBuffer squares =
            own.own(device.allocate("squares", ProductChain.squaresBytes(hidden)));
        Norm middle = new Norm(floats(own, middleWeight), EPS, normed, squares);
        Norm end = new Norm(floats(own, endWeight), EPS, normed, squares);
        Product[] products = {
          new Product(Epilogue.ADD, a, null, w[0], null, scale, sum, hidden, middle),
          new Product(Epilogue.SWIGLU, normed, middle, w[1], null, 1, gated, 0, null),
          new Product(Epilogue.ADD, gated, null, w[2], null, scale, sum, hidden, end),
          new Product(Epilogue.STORE, normed, end, w[3], floats(own, bias), 1, out, qkv, null)
        };
        Runnable together = () -> chain.launch(stream, rows, products);
        Runnable single =
            () -> {
              for (Product product : products) {
                chain.launch(stream, rows, product);
              }
            };
        float[] once = run(together, sum, residual, out, rows * qkv);
        double error = Bf16.relativeError(want, once);
        assertTrue(error < 5e-3, rows + " rows: relative error " + error);
        assertArrayEquals(once, run(single, sum, residual, out, rows * qkv), "one by one");
        Graph graph = own.own(stream.capture("chain", together));
        for (int i = 0; i < 3; i++) {
          assertArrayEquals(
              once,
              run(() -> graph.launch(stream), sum, residual, out, rows * qkv),
              "in a graph, time " + i);
        }
      }
    }
  }

  private float[] run(
      Runnable work, DeviceBuffer sum, float[] residual, DeviceBuffer out, int count) {
    sum.copyFrom(residual);
    stream.fill(out, 0xFF);
    work.run();
    short[] halves = new short[count];
    out.copyTo(halves);
    return Bf16.values(halves);
  }

  private DeviceBuffer panels(Owner own, short[] values) {
    DeviceBuffer buffer = own.own(device.allocate("panels", 2L * values.length));
    buffer.copyFrom(values);
    return buffer;
  }

  private DeviceBuffer floats(Owner own, float[] values) {
    DeviceBuffer buffer = own.own(device.allocate("floats", 4L * values.length));
    buffer.copyFrom(values);
    return buffer;
  }
}
