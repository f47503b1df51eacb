package dev.longspan.kernels.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;
import dev.longspan.kernels.backend.cuda.device.GpuTest;
import dev.longspan.kernels.backend.cuda.device.Stream;
import dev.longspan.kernels.checkpoint.Dtype;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@GpuTest
class PackingTest {
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

  /** Numbers as a checkpoint stores them. */
  private record Stored(byte[] bytes, float[] values) {
    static Stored random(Dtype dtype, int n, long seed) {
      Random random = new Random(seed);
      ByteBuffer bytes = ByteBuffer.allocate(n * dtype.bytes()).order(ByteOrder.LITTLE_ENDIAN);
      float[] values = new float[n];
      for (int i = 0; i < n; i++) {
        float v = (float) random.nextGaussian();
        switch (dtype) {
          case BF16 -> {
            bytes.putShort(Dtype.bf16(v));
            values[i] = Dtype.fromBf16(Dtype.bf16(v));
          }
          case F16 -> {
            int exponent = 8 + random.nextInt(12);
            int mantissa = random.nextInt(1024);
            bytes.putShort((short) (exponent << 10 | mantissa));
            values[i] = (float) ((1 + mantissa / 1024.0) * Math.pow(2, exponent - 15));
          }
          default -> {
            bytes.putFloat(v);
            values[i] = v;
          }
        }
      }
      return new Stored(bytes.array(), values);
    }
  }

  private DeviceBuffer on(byte[] bytes) {
    DeviceBuffer buffer = device.allocate("source", bytes.length);
    buffer.copyFrom(bytes);
    return buffer;
  }

  @ParameterizedTest
  @EnumSource
  void putsEveryElementWhereTheKernelsExpectIt(Dtype dtype) {
    Packing packing = new Packing(device);
    int[][] shapes = {
      {1, 8, 0}, {70, 52, 3}, {128, 64, 5}, {33, 256, 8}, {9, 301, 40}, {40, 1000, 0}
    };
    for (int[] shape : shapes) {
      for (Packing.Part part : Packing.Part.values()) {
        int rows = shape[0];
        int cols = shape[1];
        int first = shape[2];
        int ld = (int) Packing.paddedRows(2 * (first + rows));
        Stored stored = Stored.random(dtype, rows * cols, cols);
        short[] want = new short[ld * Packing.paddedCols(cols)];
        Arrays.fill(want, PanelMatrix.NAN);
        for (int r = 0; r < rows; r++) {
          int i = first + r;
          int to =
              switch (part) {
                case PLAIN -> i;
                case GATE -> i / 8 * 16 + i % 8;
                case UP -> i / 8 * 16 + 8 + i % 8;
              };
          for (int c = 0; c < Packing.paddedCols(cols); c++) {
            want[PanelMatrix.index(ld, to, c)] =
                c < cols ? Dtype.bf16(stored.values()[r * cols + c]) : 0;
          }
        }
        try (DeviceBuffer source = on(stored.bytes());
            DeviceBuffer target = device.allocate("packed", 2L * want.length)) {
          short[] got = new short[want.length];
          Arrays.fill(got, PanelMatrix.NAN);
          target.copyFrom(got);
          packing.rows(stream, source, dtype, rows, cols, first, part, target, ld);
          target.copyTo(got);
          assertArrayEquals(want, got, Arrays.toString(shape) + " " + part);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void widensVectors(Dtype dtype) {
    Stored stored = Stored.random(dtype, 777, 1);
    try (DeviceBuffer source = on(stored.bytes());
        DeviceBuffer target = device.allocate("vector", 4 * 777)) {
      new Packing(device).vector(stream, source, dtype, 777, target);
      float[] got = new float[777];
      target.copyTo(got);
      assertArrayEquals(stored.values(), got);
    }
  }

  @Test
  void randomWeightsHaveTheirDeviationAndCleanPadding() {
    int rows = 1000;
    int cols = 300;
    int ld = (int) Packing.paddedRows(rows);
    try (DeviceBuffer target = device.allocate("packed", Packing.bytes(rows, cols))) {
      stream.fill(target, 0xFF);
      new Packing(device).random(stream, target, rows, cols, 42, 0.05f);
      short[] packed = new short[ld * Packing.paddedCols(cols)];
      target.copyTo(packed);
      double sum = 0;
      double squares = 0;
      int zeros = 0;
      for (float v : Bf16.values(packed)) {
        sum += v;
        squares += v * v;
        zeros += v == 0 ? 1 : 0;
      }
      int n = rows * cols;
      assertEquals(0, sum / n, 5e-4);
      assertEquals(0.05, Math.sqrt(squares / n), 5e-4);
      assertEquals(packed.length - n, zeros, 20, "zeros outside the matrix and hardly any inside");
      for (int r = 0; r < ld; r++) {
        for (int c = r < rows ? cols : 0; c < Packing.paddedCols(cols); c++) {
          assertEquals(0, packed[PanelMatrix.index(ld, r, c)], "padding " + r + ", " + c);
        }
      }
    }
  }
}
