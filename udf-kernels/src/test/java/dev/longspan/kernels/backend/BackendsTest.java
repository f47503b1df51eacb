package dev.longspan.kernels.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.longspan.kernels.backend.cuda.device.Device;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class BackendsTest {
  @ParameterizedTest
  @MethodSource("dev.longspan.kernels.backend.TestBackends#all")
  void opensEachByItsName(String name) {
    try (Backend backend = Backends.open(name)) {
      assertEquals(name, backend.name());
      assertTrue(backend.description().startsWith(name + ": "), backend.description());
    }
  }

  @Test
  void refusesAnUnknownNameWithTheKnownOnes() {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> Backends.open("tpu"));
    assertEquals("backend 'tpu' is unknown; use one of auto, cuda, vector, scalar", e.getMessage());
  }

  @Test
  void refusesCudaWithTheReason() {
    String refusal = Device.refusal("0");
    assumeTrue(refusal != null, "this machine has a GPU");
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> Backends.open("cuda"));
    assertEquals("backend 'cuda' cannot be used: " + refusal, e.getMessage());
  }

  @Test
  void withoutCudaAutoTakesTheNext() {
    assumeTrue(Device.refusal("0") != null, "this machine has a GPU");
    try (Backend backend = Backends.open("auto")) {
      assertEquals("vector", backend.name());
    }
  }

  @Test
  @Tag("cluster")
  void withoutTheVectorModuleAutoTakesScalarAndSaysWhy() throws IOException {
    String output = openInPlainJvm("auto");
    assertTrue(
        output.contains(
            "backend vector refused: the module jdk.incubator.vector is not readable; start java"
                + " with --add-modules jdk.incubator.vector"),
        output);
    assertTrue(output.contains("opened scalar"), output);
  }

  @Test
  @Tag("cluster")
  void withoutTheVectorModuleVectorIsRefused() throws IOException {
    String output = openInPlainJvm("vector");
    assertTrue(
        output.contains(
            "IllegalArgumentException: backend 'vector' cannot be used: the module"
                + " jdk.incubator.vector is not readable; start java with --add-modules"
                + " jdk.incubator.vector"),
        output);
  }

  private static String openInPlainJvm(String name) throws IOException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Opener.class.getName(),
                name)
            .redirectErrorStream(true)
            .start();
    return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }

  /** Opens a backend in a JVM of its own. */
  static final class Opener {
    private Opener() {}

    public static void main(String[] args) {
      try (Backend backend = Backends.open(args[0])) {
        System.out.println("opened " + backend.name());
      }
    }
  }
}
