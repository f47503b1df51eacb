package dev.longspan.kernels.backend.cuda.device;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/** The kernels that the build put into the jar: one fat binary for each .cu file. */
final class KernelImages {
  private static final String FOLDER = "/dev/longspan/kernels/cuda/";
  private static final Properties BUILD = readBuild();

  private KernelImages() {}

  /** Returns whether the jar has kernels: it was built where there was an nvcc. */
  static boolean present() {
    return BUILD.containsKey("architectures");
  }

  /**
   * Returns why kernels do not run on a GPU; null if they do.
   *
   * @param architectures what they were built for, such as {@code 80 90a ptx80}
   */
  static String refusal(String architectures, DeviceInfo device) {
    int capability = device.computeCapability();
    for (String architecture : architectures.split(" ")) {
      if (runsOn(architecture, capability)) {
        return null;
      }
    }
    return String.format(
        "%s has compute capability %d.%d, and the kernels of this build are for %s; %s",
        device.description(),
        capability / 10,
        capability % 10,
        architectures,
        capability < 80
            ? "use a GPU of 8.0 or newer (Ampere)"
            : "build without -Dcuda.arch, or with -Dcuda.arch=" + capability);
  }

  /**
   * Machine code runs on its own generation, from its number on ({@code 80} on 8.0 to 8.9), or with
   * an {@code a} on exactly that one; the driver compiles PTX for anything newer.
   */
  private static boolean runsOn(String architecture, int capability) {
    int number = Integer.parseInt(architecture.replaceAll("\\D", ""));
    if (architecture.startsWith("ptx")) {
      return capability >= number;
    }
    return architecture.endsWith("a")
        ? capability == number
        : capability / 10 == number / 10 && capability >= number;
  }

  /** Returns for example {@code 80 90a ptx80}: machine code for sm_80 and sm_90a, and PTX. */
  static String architectures() {
    return BUILD.getProperty("architectures", "nothing");
  }

  /** Returns the version of the nvcc that built them. */
  static String compiler() {
    return BUILD.getProperty("nvcc", "unknown");
  }

  /** Returns the fat binary of a .cu file, by its name without the ending. */
  static byte[] read(String name) {
    try (InputStream resource = KernelImages.class.getResourceAsStream(FOLDER + name + ".fatbin")) {
      if (resource == null) {
        throw DeviceException.unusable(
            present()
                ? "the build has no kernels of " + name + ".cu"
                : "the build has no kernels, because there was no nvcc",
            null);
      }
      return resource.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + FOLDER + name + ".fatbin", e);
    }
  }

  private static Properties readBuild() {
    Properties build = new Properties();
    try (InputStream resource =
        KernelImages.class.getResourceAsStream(FOLDER + "build.properties")) {
      if (resource != null) {
        build.load(resource);
      }
      return build;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + FOLDER + "build.properties", e);
    }
  }
}
