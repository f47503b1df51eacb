package dev.longspan.kernels.backend.cuda.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@GpuTest
class KernelTest {
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
  void argumentsArriveInTheirTypesAndOrder() {
    try (DeviceBuffer out = device.allocate("out", 40);
        DeviceBuffer in = device.allocate("in", 24)) {
      in.copyFrom(new long[] {0, 0, Double.doubleToLongBits(0.1)});
      Kernel echo = device.kernel("device_test", "echo");
      for (int i = 0; i < 3; i++) {
        echo.grid(1)
            .block(1)
            .arg(-5 - i)
            .arg(out)
            .arg(1.25f)
            .arg(-(1L << 40))
            .arg(Integer.MAX_VALUE)
            .arg(in.slice("third", 16, 8))
            .launch(stream);
        long[] seen = new long[5];
        out.copyTo(seen);
        assertArrayEquals(
            new double[] {-5 - i, 1.25, -(double) (1L << 40), Integer.MAX_VALUE, 0.1},
            IntStream.range(0, 5).mapToDouble(k -> Double.longBitsToDouble(seen[k])).toArray());
      }
    }
  }

  @Test
  void asksForLargeSharedMemory() {
    int n = 50_000;
    try (DeviceBuffer data = device.allocate("data", 4L * n)) {
      Kernel reverse = device.kernel("device_test", "reverse_shared");
      for (int part : new int[] {100, n, 12_288}) {
        data.copyFrom(IntStream.range(0, n).toArray());
        reverse.grid(1).block(256).shared(4 * part).arg(data).arg(part).launch(stream);
        // Another object of the same kernel, which asks for less, takes nothing away.
        device
            .kernel("device_test", "reverse_shared")
            .grid(1)
            .block(32)
            .shared(49_160)
            .arg(data.slice("none", 0, 4))
            .arg(1)
            .launch(stream);
        int[] reversed = new int[part];
        data.copyTo(reversed);
        assertArrayEquals(IntStream.range(0, part).map(i -> part - 1 - i).toArray(), reversed);
      }
    }
  }

  @Test
  void countsTheSharedMemoryThatTheKernelHasOfItsOwn() {
    try (DeviceBuffer out = device.allocate("out", 4)) {
      device
          .kernel("device_test", "own_and_dynamic_shared")
          .grid(1)
          .block(32)
          .shared(48 * 1024)
          .arg(out)
          .launch(stream);
      int[] sum = new int[1];
      out.copyTo(sum);
      assertEquals(31 * 32 / 2 + 12_287, sum[0]);
    }
  }

  @Test
  void aGraphRepeatsWhatWasCaptured() {
    int n = 1000;
    try (DeviceBuffer data = device.allocate("data", 4 * n);
        DeviceBuffer result = device.allocate("result", 4 * n)) {
      Kernel kernel = device.kernel("device_test", "scale_add");
      stream.fill(data, 0);
      Runnable work =
          () -> {
            kernel.grid(4).block(256).arg(data).arg(n).arg(2f).arg(1f).launch(stream);
            kernel.grid(4).block(256).arg(data).arg(n).arg(1f).arg(3f).launch(stream);
            stream.copy(data, 0, result, 0, 4 * n);
          };
      try (Graph graph = stream.capture("decode 1", work)) {
        assertEquals(3, graph.nodes());
        assertEquals(0f, first(data), "capturing must not run anything");
        // Another use of the kernel does not change what was captured.
        kernel.grid(4).block(256).arg(data).arg(n).arg(1f).arg(0f).launch(stream);
        for (int i = 0; i < 3; i++) {
          graph.launch(stream);
        }
        assertEquals(28f, first(result));
      }
    }
  }

  @Test
  void aCaptureThatFailsLeavesTheStreamUsable() {
    try (DeviceBuffer data = device.allocate("data", 4)) {
      IllegalStateException e =
          assertThrows(
              IllegalStateException.class,
              () ->
                  stream.capture(
                      "decode 2",
                      () -> {
                        stream.fillInts(data, 1, 1);
                        throw new IllegalStateException("the work failed");
                      }));
      assertEquals("the work failed", e.getMessage());
      stream.fillInts(data, 2, 1);
      int[] value = new int[1];
      data.copyTo(value);
      assertEquals(2, value[0]);
    }
  }

  @Test
  void clustersAreSetWhereTheKernelIsCompiled() {
    assumeTrue(device.info().computeCapability() >= 90, "clusters came with 9.0");
    try (DeviceBuffer ranks = device.allocate("ranks", 16)) {
      device.kernel("device_test", "cluster_rank").grid(4).block(32).arg(ranks).launch(stream);
      int[] seen = new int[4];
      ranks.copyTo(seen);
      assumeTrue(seen[0] != -1, "the kernels were built for older GPUs");
      assertArrayEquals(new int[] {0, 1, 0, 1}, seen);
    }
  }

  @Test
  void aLaunchThatIsRefusedNamesTheKernelAndItsSettings() {
    Kernel kernel = device.kernel("device_test", "write_nowhere");
    DeviceException e =
        assertThrows(DeviceException.class, () -> kernel.grid(2, 3).block(2048).launch(stream));
    assertEquals(
        "launch of kernel device_test.write_nowhere (grid 2 x 3 x 1, block 2048 x 1 x 1 of at most "
            + kernel.maxThreads()
            + " threads, 0 bytes of shared memory of at most "
            + device.info().maxSharedBytes()
            + ", 0 bytes of arguments) failed: CUDA_ERROR_INVALID_VALUE",
        e.getMessage());
    DeviceException shared =
        assertThrows(
            DeviceException.class, () -> kernel.grid(1).block(32).shared(1 << 20).launch(stream));
    assertTrue(shared.getMessage().contains("1048576 bytes of shared memory of at most"));
    assertTrue(kernel.registers() > 0);
  }

  @Test
  void namesKernelsAndFilesThatAreMissing() {
    DeviceException function =
        assertThrows(DeviceException.class, () -> device.kernel("device_test", "nothing"));
    assertEquals(
        "cuModuleGetFunction of kernel 'nothing' in device_test.cu failed: CUDA_ERROR_NOT_FOUND",
        function.getMessage());
    DeviceException file =
        assertThrows(DeviceException.class, () -> device.kernel("no_such", "nothing"));
    assertEquals("the build has no kernels of no_such.cu", file.getMessage());
  }

  @Test
  void aKernelThatFailsIsNamedAndEndsTheUseOfTheGpu() throws IOException {
    String output = inOtherJvm(List.of(), Failing.class);
    assertTrue(
        output.contains(
            "cuStreamSynchronize on stream 'engine' (last launches: device_test.scale_add,"
                + " device_test.write_nowhere) failed: CUDA_ERROR_ILLEGAL_ADDRESS; a kernel failed,"
                + " and the driver lets this process use the GPU no more: start it again, with"
                + " -Dlongspan.cuda.sync=true to learn which kernel it is\nlost: true\n"),
        output);
    assertTrue(output.contains("\nclose: "), output);
    assertTrue(output.contains("\nopen: cuDevicePrimaryCtxRetain of GPU 0 ("), output);
  }

  @Test
  void onDemandEveryLaunchWaitsSoThatTheFailingKernelIsKnown() throws IOException {
    String output = inOtherJvm(List.of("-Dlongspan.cuda.sync=true"), Failing.class);
    assertTrue(
        output.contains("launch of kernel device_test.write_nowhere (grid 1 x 1 x 1, block 1 x"),
        output);
  }

  @Test
  void aKernelIsOfNoUseAfterItsDevice() {
    Device other = Device.open("0");
    Kernel kernel = other.kernel("device_test", "write_nowhere");
    other.close();
    IllegalStateException e =
        assertThrows(IllegalStateException.class, () -> kernel.grid(1).block(1).arg(1));
    assertEquals("a kernel was used after its device was closed", e.getMessage());
  }

  private static float first(DeviceBuffer buffer) {
    float[] value = new float[1];
    buffer.copyTo(value);
    return value[0];
  }

  private static String inOtherJvm(List<String> options, Class<?> main) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
    command.addAll(options);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }

  /** Launches a kernel that writes where no memory is, and tries to go on. */
  static final class Failing {
    private Failing() {}

    public static void main(String[] args) {
      Device device = Device.open("0");
      try (Stream stream = device.stream("engine");
          DeviceBuffer data = device.allocate("data", 4)) {
        scaleAdd(device, stream, data);
        device.kernel("device_test", "write_nowhere").grid(1).block(1).launch(stream);
        stream.synchronize();
      } catch (DeviceException e) {
        System.out.println(e.getMessage());
        System.out.println("lost: " + e.isContextLost());
      }
      try {
        device.close();
      } catch (DeviceException e) {
        System.out.println("close: " + e.getMessage());
      }
      try {
        Device.open("0");
      } catch (DeviceException e) {
        System.out.println("open: " + e.getMessage());
      }
    }

    private static void scaleAdd(Device device, Stream stream, DeviceBuffer data) {
      device
          .kernel("device_test", "scale_add")
          .grid(1)
          .block(1)
          .arg(data)
          .arg(1)
          .arg(1f)
          .arg(3f)
          .launch(stream);
    }
  }
}
