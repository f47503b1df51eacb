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

  /** Returns for example {@code sm_80 sm_90a compute_80}. */
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
                ? "the jar has no kernels of " + name + ".cu"
                : "the jar has no kernels: it was built without nvcc",
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
