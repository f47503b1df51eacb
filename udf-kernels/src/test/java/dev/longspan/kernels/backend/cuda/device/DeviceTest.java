package dev.longspan.kernels.backend.cuda.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@GpuTest
class DeviceTest {
  private Device device;

  @BeforeEach
  void open() {
    device = Device.open("0");
  }

  @AfterEach
  void close() {
    device.close();
  }

  @Test
  void isFoundByUuidAndBusToo() {
    DeviceInfo info = device.info();
    for (String selector : new String[] {info.uuid(), info.pciBusId(), " 0 "}) {
      try (Device same = Device.open(selector)) {
        assertEquals(info, same.info());
      }
    }
    assertTrue(info.computeCapability() >= 80, info.toString());
    assertTrue(info.multiprocessors() > 0 && info.maxSharedBytes() > 48 * 1024, info.toString());
    assertTrue(device.freeMemory() <= device.totalMemory());
  }

  @Test
  void copiesEveryKindOfArrayThereAndBack() {
    Random random = new Random(1);
    try (DeviceBuffer buffer = device.allocate("data", 8 * 1000)) {
      byte[] bytes = new byte[1001];
      random.nextBytes(bytes);
      buffer.copyFrom(bytes);
      byte[] sameBytes = new byte[bytes.length];
      buffer.copyTo(sameBytes);
      assertArrayEquals(bytes, sameBytes);

      short[] shorts = {Short.MIN_VALUE, -1, 0, Short.MAX_VALUE};
      buffer.copyFrom(shorts);
      short[] sameShorts = new short[shorts.length];
      buffer.copyTo(sameShorts);
      assertArrayEquals(shorts, sameShorts);

      int[] ints = random.ints(1000).toArray();
      buffer.copyFrom(ints);
      int[] sameInts = new int[ints.length];
      buffer.copyTo(sameInts);
      assertArrayEquals(ints, sameInts);

      long[] longs = random.longs(1000).toArray();
      buffer.copyFrom(longs);
      long[] sameLongs = new long[longs.length];
      buffer.copyTo(sameLongs);
      assertArrayEquals(longs, sameLongs);

      float[] floats = {1.5f, Float.NaN, -0.0f, Float.MIN_VALUE};
      buffer.copyFrom(floats);
      float[] sameFloats = new float[floats.length];
      buffer.copyTo(sameFloats);
      assertArrayEquals(floats, sameFloats);

      ByteBuffer direct = ByteBuffer.allocateDirect(16).order(ByteOrder.nativeOrder());
      direct.putInt(8, 77).position(8);
      buffer.copyFrom(direct);
      int[] one = new int[1];
      buffer.copyTo(one);
      assertEquals(77, one[0]);
    }
  }

  @Test
  void copiesWithoutWaitingInTheOrderOfTheStream() {
    try (Stream stream = device.stream("copies");
        PinnedBuffer pinned = device.pinned("staging", 4096);
        DeviceBuffer a = device.allocate("a", 4096);
        DeviceBuffer b = device.allocate("b", 4096)) {
      for (int i = 0; i < 512; i++) {
        pinned.memory().putInt(4 * i, i);
      }
      stream.fillInts(a, -7, 1024);
      stream.upload(pinned, 4 * 100, a, 4 * 10, 4 * 20);
      stream.copy(a, 4 * 5, b, 0, 4 * 30);
      stream.fill(b.slice("last", 4 * 29, 4), 0xFF);
      stream.download(b, 0, pinned, 2048, 4 * 30);
      stream.synchronize();
      assertTrue(stream.isIdle());
      for (int i = 0; i < 30; i++) {
        int expected = i == 29 ? -1 : i < 5 || i >= 25 ? -7 : 100 + i - 5;
        assertEquals(expected, pinned.memory().getInt(2048 + 4 * i), "int " + i);
      }
    }
  }

  @Test
  void aStreamWaitsForAnEventOfAnother() {
    int n = 1 << 22;
    try (Stream first = device.stream("first");
        Stream second = device.stream("second");
        Event start = device.event("start");
        Event ready = device.event("ready");
        DeviceBuffer data = device.allocate("data", 4L * n)) {
      Kernel kernel = device.kernel("device_test", "scale_add");
      first.fillInts(data, 0, n);
      first.record(start);
      for (int i = 0; i < 200; i++) {
        kernel.grid(n / 256).block(256).arg(data).arg(n).arg(1f).arg(1f).launch(first);
      }
      first.record(ready);
      second.waitFor(ready);
      kernel.grid(n / 256).block(256).arg(data).arg(n).arg(2f).arg(0f).launch(second);
      second.synchronize();
      assertTrue(ready.isDone());
      assertTrue(ready.millisSince(start) > 0);
      float[] last = new float[1];
      data.slice("last", 4L * (n - 1), 4).copyTo(last);
      assertEquals(400f, last[0]);
    }
  }

  @Test
  void reportsWhatWasLeftOpenAndGivesItBack() {
    long free = device.freeMemory();
    Device other = Device.open("0");
    DeviceBuffer leaked = other.allocate("weights", 64 << 20);
    other.stream("engine");
    leaked.slice("part", 0, 16).close();
    IllegalStateException e = assertThrows(IllegalStateException.class, other::close);
    assertTrue(
        e.getMessage()
            .matches(
                "GPU 0 \\(.*\\) was closed with 2 open, 64\\.00 MiB:\n"
                    + "  buffer 'weights' of 64\\.00 MiB, made at .*DeviceTest\\.java:\\d+\\)\n"
                    + "  stream 'engine', made at .*DeviceTest\\.java:\\d+\\)"),
        e.getMessage());
    assertTrue(free - device.freeMemory() < 32 << 20, "the leaked memory was not given back");
    IllegalStateException late =
        assertThrows(IllegalStateException.class, () -> leaked.copyTo(new byte[1]));
    assertEquals("buffer 'weights' of 64.00 MiB was used after it was closed", late.getMessage());
    other.close();
  }

  @Test
  void threadsAndOtherUsersOfTheProcessShareTheGpu() throws InterruptedException {
    try (Device other = Device.open("0");
        DeviceBuffer buffer = device.allocate("shared", 4)) {
      buffer.copyFrom(new int[] {5});
      int[] seen = new int[1];
      Thread thread = new Thread(() -> buffer.copyTo(seen));
      thread.start();
      thread.join();
      assertEquals(5, seen[0]);
      other.synchronize();
    }
  }

  @Test
  void refusesMoreMemoryThanThereIs() {
    DeviceException e =
        assertThrows(DeviceException.class, () -> device.allocate("cache", 1L << 42));
    assertTrue(e.isOutOfMemory());
    assertFalse(e.isContextLost());
    assertTrue(
        e.getMessage()
            .matches(
                "cuMemAlloc of buffer 'cache' of 4\\.00 TiB \\([0-9.]+ GiB of [0-9.]+ GiB free on GPU"
                    + " 0 \\(.*\\)\\) failed: CUDA_ERROR_OUT_OF_MEMORY; look in nvidia-smi for other"
                    + " processes on the GPU, or use a smaller memory fraction, model or batch"),
        e.getMessage());
  }

  @Test
  void anArenaSaysWhatFitAndWhatDidNot() {
    try (Arena arena = device.arena("engine", 0.01)) {
      long size = arena.bytes();
      DeviceBuffer weights = arena.take("weights", 1025);
      DeviceBuffer pages = arena.take("pages", 4);
      assertEquals(weights.address() + 2048, pages.address());
      assertEquals(0, weights.address() % Arena.ALIGNMENT);
      assertEquals(size - 3072, arena.remaining());
      DeviceException e = assertThrows(DeviceException.class, () -> arena.take("rest", size));
      assertTrue(e.isOutOfMemory());
      assertEquals(
          String.format(
              "buffer 'rest' of %s does not fit: arena 'engine' of %s has %s left after weights 1.00"
                  + " KiB, pages 4 bytes. Use a larger memory fraction, a smaller model or batch, or"
                  + " a GPU with more memory",
              Sizes.text(size), Sizes.text(size), Sizes.text(size - 3072)),
          e.getMessage());
      assertEquals(arena.remaining(), arena.take("all", arena.remaining()).bytes());
      assertEquals(0, arena.remaining());
    }
  }

  @Test
  void refusesToReachBeyondABuffer() {
    try (DeviceBuffer buffer = device.allocate("keys", 100)) {
      IndexOutOfBoundsException e =
          assertThrows(IndexOutOfBoundsException.class, () -> buffer.slice("head 3", 96, 8));
      assertEquals("slice 'head 3': bytes [96, 104) of buffer 'keys' of 100 bytes", e.getMessage());
      assertThrows(IndexOutOfBoundsException.class, () -> buffer.copyFrom(new int[26]));
      assertThrows(IndexOutOfBoundsException.class, () -> buffer.slice("x", 8, Long.MAX_VALUE - 4));
    }
  }
}
