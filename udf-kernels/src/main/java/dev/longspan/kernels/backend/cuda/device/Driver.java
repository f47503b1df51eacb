package dev.longspan.kernels.backend.cuda.device;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import jcuda.JCudaVersion;
import jcuda.LibUtils;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/** The binding to the NVIDIA driver: loaded once per process, and its results checked. */
final class Driver {
  private static final DeviceException REFUSAL = load();

  private Driver() {}

  /**
   * Makes sure that the driver can be called.
   *
   * @throws DeviceException if it cannot; the message says which part is missing
   */
  static void require() {
    if (REFUSAL != null) {
      throw DeviceException.unusable(REFUSAL.getMessage(), REFUSAL);
    }
  }

  /** Throws what a call of the driver returned, unless it succeeded. */
  static void check(int result, String call) {
    if (result != CUresult.CUDA_SUCCESS) {
      throw DeviceException.of(result, call);
    }
  }

  private static DeviceException load() {
    try {
      bind();
      check(JCudaDriver.cuInit(0), "cuInit");
      return null;
    } catch (DeviceException e) {
      return e;
    }
  }

  /**
   * Loads JCuda's native library from a folder of this process alone.
   *
   * <p>JCuda itself unpacks to a fixed name in the temporary folder, takes whatever lies there
   * already, and leaves it there: two users of one machine, or two executors that start together,
   * then break each other.
   */
  private static void bind() {
    String platform = System.getProperty("os.name") + " on " + System.getProperty("os.arch");
    if (!platform.equals("Linux on amd64")) {
      throw DeviceException.unusable(
          "CUDA kernels run on Linux on amd64, and this is " + platform, null);
    }
    String file =
        LibUtils.createLibraryFileName(
            LibUtils.createPlatformLibraryName("JCudaDriver-" + JCudaVersion.get()));
    String temporary = System.getProperty("java.io.tmpdir");
    try {
      Path folder = Files.createTempDirectory("longspan-cuda-");
      Path library = folder.resolve(file);
      try (InputStream resource = Driver.class.getResourceAsStream("/lib/" + file)) {
        if (resource == null) {
          throw new IOException("the jar of jcuda-natives with /lib/" + file + " is missing");
        }
        Files.copy(resource, library);
        System.load(library.toString());
        // Only this class loads JCuda: its initialiser finds the library loaded already.
        System.setProperty("java.io.tmpdir", folder.toString());
        JCudaDriver.setExceptionsEnabled(false);
      } finally {
        System.setProperty("java.io.tmpdir", temporary);
        // A loaded library needs its file no more, and so not even kill -9 leaves one behind.
        Files.deleteIfExists(library);
        Files.deleteIfExists(folder);
      }
    } catch (UnsatisfiedLinkError e) {
      throw DeviceException.unusable(linkRemedy(e.getMessage(), temporary), e);
    } catch (IOException e) {
      throw DeviceException.unusable(
          "JCuda's native library cannot be unpacked below "
              + temporary
              + " ("
              + e
              + "): set -Djava.io.tmpdir to a writable folder",
          e);
    }
  }

  private static String linkRemedy(String message, String temporary) {
    return message.contains("libcuda.so.1")
        ? "libcuda.so.1 cannot be opened: install the NVIDIA driver; in a container, start it with"
            + " the NVIDIA runtime (docker run --gpus all)"
        : "JCuda's native library cannot be loaded ("
            + message
            + "): set -Djava.io.tmpdir to a folder that allows execution instead of "
            + temporary;
  }
}
