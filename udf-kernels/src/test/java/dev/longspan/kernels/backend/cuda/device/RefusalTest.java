package dev.longspan.kernels.backend.cuda.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import jcuda.JCudaVersion;
import jcuda.driver.CUresult;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is said where the GPU cannot be used; needs none. */
class RefusalTest {
  private static final DeviceInfo FIRST = info(0, "GPU-aaaa", "0000:1b:00.0", 90);
  private static final DeviceInfo SECOND = info(1, "GPU-bbbb", "0000:43:00.0", 90);

  @Test
  void aBuildWithoutNvccSaysSo() {
    assumeTrue(!KernelImages.present(), "this build had an nvcc");
    assertEquals(
        "this build has no kernels for GPUs, because there was no nvcc; build it again where nvcc of"
            + " CUDA 12.8 or newer is on the PATH or under CUDA_HOME",
        Device.refusal("0"));
    DeviceException e = assertThrows(DeviceException.class, () -> KernelImages.read("pack"));
    assertEquals("the build has no kernels, because there was no nvcc", e.getMessage());
  }

  @ParameterizedTest
  @CsvSource({
    "80 89 90a 100 120 ptx80, 80",
    "80 89 90a 100 120 ptx80, 86",
    "80 89 90a 100 120 ptx80, 90",
    "80 89 90a 100 120 ptx80, 103",
    "80 89 90a 100 120 ptx80, 110",
    "80 89 90a 100 120 ptx80, 121",
    "90a, 90",
    "80, 89",
    "ptx80, 90",
  })
  void kernelsRunOnTheirGenerationAndPtxOnWhatIsNewer(String architectures, int capability) {
    assertNull(KernelImages.refusal(architectures, info(0, "GPU-a", "", capability)));
  }

  @ParameterizedTest
  @CsvSource({
    "80 89 90a 100 120 ptx80, 75, 7.5, use a GPU of 8.0 or newer (Ampere)",
    "90a, 89, 8.9, 'build without -Dcuda.arch, or with -Dcuda.arch=89'",
    "90a, 100, 10.0, 'build without -Dcuda.arch, or with -Dcuda.arch=100'",
    "89, 86, 8.6, 'build without -Dcuda.arch, or with -Dcuda.arch=86'",
    "ptx120, 90, 9.0, 'build without -Dcuda.arch, or with -Dcuda.arch=90'",
  })
  void kernelsForOtherGpusAreRefused(
      String architectures, int capability, String number, String remedy) {
    assertEquals(
        "GPU 0 (Test GPU, GPU-a) has compute capability "
            + number
            + ", and the kernels of this build are for "
            + architectures
            + "; "
            + remedy,
        KernelImages.refusal(architectures, info(0, "GPU-a", "", capability)));
  }

  @Test
  void aGpuIsFoundByOrdinalUuidAndBus() {
    List<DeviceInfo> both = List.of(FIRST, SECOND);
    assertEquals(FIRST, DeviceInfo.find("0", both));
    assertEquals(SECOND, DeviceInfo.find("1", both));
    assertEquals(SECOND, DeviceInfo.find("gpu-BBBB", both));
    assertEquals(SECOND, DeviceInfo.find("00000000:43:00.0", both), "as nvidia-smi writes it");
    assertEquals(FIRST, DeviceInfo.find("0000:1B:00.0", both));
  }

  @Test
  void aGpuThatIsNotThereIsRefusedWithThoseThatAre() {
    DeviceException e =
        assertThrows(DeviceException.class, () -> DeviceInfo.find("2", List.of(FIRST, SECOND)));
    String visible = System.getenv().getOrDefault("CUDA_VISIBLE_DEVICES", "not set");
    assertEquals(
        "there is no GPU '2'; use the ordinal, UUID or PCI bus id of one of: GPU 0 (Test GPU,"
            + " GPU-aaaa) at 0000:1b:00.0, GPU 1 (Test GPU, GPU-bbbb) at 0000:43:00.0"
            + " (CUDA_VISIBLE_DEVICES is "
            + visible
            + ")",
        e.getMessage());
  }

  @Test
  void errorsOfTheDriverSayWhatToDo() {
    assertEquals(
        "cuInit failed: CUDA_ERROR_NO_DEVICE; the driver sees no GPU: look at nvidia-smi -L and at"
            + " CUDA_VISIBLE_DEVICES",
        DeviceException.of(CUresult.CUDA_ERROR_NO_DEVICE, "cuInit").getMessage());
    assertTrue(
        DeviceException.of(CUresult.CUDA_ERROR_UNSUPPORTED_PTX_VERSION, "cuModuleLoadData")
            .getMessage()
            .contains("update the NVIDIA driver"));
    DeviceException lost = DeviceException.of(CUresult.CUDA_ERROR_MISALIGNED_ADDRESS, "cuMemFree");
    assertTrue(lost.isContextLost() && !lost.isOutOfMemory());
    DeviceException memory = DeviceException.of(CUresult.CUDA_ERROR_OUT_OF_MEMORY, "cuMemAlloc");
    assertTrue(memory.isOutOfMemory() && !memory.isContextLost());
  }

  /** JCuda's own way would load that file, and leave one of its own where there is none. */
  @Test
  @Tag("cluster")
  void theNativeLibraryIsUnpackedForThisProcessAlone(@TempDir Path temporary) throws Exception {
    assumeTrue(
        System.getProperty("os.name").equals("Linux")
            && System.getProperty("os.arch").equals("amd64"),
        "JCuda's natives are for Linux on amd64");
    Path foreign = temporary.resolve("libJCudaDriver-" + JCudaVersion.get() + "-linux-x86_64.so");
    Files.writeString(foreign, "garbage");
    String output = listIn(temporary);
    assertTrue(
        output.contains("found ") || output.contains("cannot be opened: install the NVIDIA driver"),
        output);
    assertEquals("garbage", Files.readString(foreign));
    try (var files = Files.list(temporary)) {
      assertEquals(List.of(foreign), files.filter(f -> !f.endsWith("hsperfdata")).toList());
    }
  }

  @Test
  @Tag("cluster")
  void aTemporaryFolderThatIsMissingIsNamed(@TempDir Path temporary) throws Exception {
    assumeTrue(System.getProperty("os.arch").equals("amd64"), "JCuda's natives are for amd64");
    Path missing = temporary.resolve("none");
    String output = listIn(missing);
    assertTrue(
        output.contains(
            "JCuda's native library cannot be unpacked below "
                + missing
                + " (java.nio.file.NoSuchFileException: "),
        output);
    assertTrue(output.contains("set -Djava.io.tmpdir to a writable folder"), output);
    assertFalse(Files.exists(missing));
  }

  private static String listIn(Path temporary) throws IOException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Djava.io.tmpdir=" + temporary,
                "-cp",
                System.getProperty("java.class.path"),
                Lister.class.getName())
            .redirectErrorStream(true)
            .start();
    return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }

  /** Lists the GPUs, or says why it cannot. */
  static final class Lister {
    private Lister() {}

    public static void main(String[] args) {
      try {
        System.out.println("found " + Device.all());
      } catch (DeviceException e) {
        System.out.println(e.getMessage());
      }
    }
  }

  private static DeviceInfo info(int ordinal, String uuid, String bus, int capability) {
    return new DeviceInfo(
        ordinal, "Test GPU", uuid, bus, capability, 132, 80L << 30, 227 << 10, "13.0");
  }
}
