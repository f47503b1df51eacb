package dev.longspan.kernels.backend.cuda.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The build of the kernels, with a stand-in for nvcc that says what it was asked. */
@EnabledOnOs(OS.LINUX)
class CompileScriptTest {
  private static final String COMPILER =
      """
      #!/usr/bin/env bash
      case "$1" in
        --version) echo "Cuda compilation tools, release 12.9, V12.9.41"; exit ;;
        --list-gpu-arch) printf 'compute_80\\ncompute_90\\n'; exit ;;
      esac
      for last; do :; done
      echo "$*" >>"$(dirname "$0")/calls"
      grep -q BROKEN "$last" && { echo "$last(1): error: this is broken"; exit 1; }
      while [ "$1" != -o ]; do shift; done
      echo "image" >"$2"
      cat <<END
      ptxas info    : 0 bytes gmem
      ptxas info    : Compiling entry function 'add' for 'sm_80'
      ptxas info    : Function properties for add
          8 bytes stack frame, 12 bytes spill stores, 16 bytes spill loads
      ptxas info    : Used 40 registers, used 1 barriers
      ptxas info    : Compiling entry function 'add' for 'sm_90a'
      ptxas info    : Function properties for add
          0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
      ptxas info    : Used 168 registers, used 1 barriers
      END
      """;

  @TempDir private Path folder;
  private Path sources;
  private Path classes;
  private Path compiler;

  @BeforeEach
  void write() throws IOException {
    sources = Files.createDirectories(folder.resolve("sources"));
    classes = folder.resolve("classes");
    compiler = Files.createDirectories(folder.resolve("cuda/bin")).resolve("nvcc");
    Files.writeString(compiler, COMPILER);
    assertTrue(compiler.toFile().setExecutable(true));
    Files.writeString(sources.resolve("add.cu"), "// adds");
  }

  @Test
  void compilesOnceAndReportsRegistersAndSpills() throws Exception {
    String output = run(0, "80,90a,ptx80");
    assertEquals(
        """
        CUDA kernels: compiling 1 files for 80 90a ptx80 with nvcc 12.9.41
        registers                                      sm_80  sm_90a
        add.add                                           40     168
        CUDA kernels: SPILLS: add.add on sm_80: 12 bytes stored, 16 loaded
        """,
        output);
    String call = calls()[0];
    for (String target :
        new String[] {
          "arch=compute_80,code=sm_80", "arch=compute_90a,code=sm_90a", "code=compute_80"
        }) {
      assertTrue(call.contains(target), call);
    }
    assertEquals("image\n", Files.readString(image("add")));
    assertEquals(
        "architectures=80 90a ptx80\nnvcc=12.9.41\n",
        Files.readString(image("add").resolveSibling("build.properties")));
    assertEquals("", run(0, "80,90a,ptx80"), "nothing has changed");
    assertEquals(1, calls().length);
  }

  @Test
  void compilesAgainWhatHasChanged() throws Exception {
    Files.writeString(sources.resolve("scale.cu"), "// scales");
    run(0, "80");
    assertEquals(2, calls().length);
    Files.writeString(sources.resolve("scale.cu"), "// scales more");
    String output = run(0, "80");
    assertTrue(output.contains("compiling 1 files"), output);
    assertTrue(calls()[2].endsWith("scale.cu"), calls()[2]);
    run(0, "80,ptx80");
    assertEquals(5, calls().length, "a flag has changed for both");
    Files.writeString(sources.resolve("shared.cuh"), "// a header");
    run(0, "80,ptx80");
    assertEquals(7, calls().length, "a header has changed for both");
    Files.delete(image("add"));
    run(0, "80,ptx80");
    assertEquals(8, calls().length, "an image is gone");
    Files.delete(sources.resolve("scale.cu"));
    run(0, "80,ptx80");
    assertFalse(Files.exists(image("scale")), "its source is gone");
  }

  @Test
  void aFileMayBeForSomeArchitecturesOnly() throws Exception {
    Files.writeString(sources.resolve("hopper.cu"), "// Fast.\n// architectures: 90a\n");
    run(0, "80,90a,ptx80");
    String call = calls()[0].endsWith("hopper.cu") ? calls()[0] : calls()[1];
    assertTrue(call.contains("code=sm_90a") && !call.contains("compute_80"), call);
    String output = run(0, "80");
    assertTrue(output.contains("hopper.cu is for 90a only; it is left out"), output);
    assertFalse(Files.exists(image("hopper")));
    assertTrue(Files.exists(image("add")));
  }

  @Test
  void leavesOutArchitecturesThatTheCompilerDoesNotKnow() throws Exception {
    String output = run(0, "90a,120,ptx120");
    assertTrue(output.contains("nvcc 12.9.41 does not know architecture 120; it is left out"));
    assertTrue(output.contains("nvcc 12.9.41 does not know architecture ptx120; it is left out"));
    assertTrue(output.contains("compiling 1 files for 90a with"), output);
    assertEquals(
        "CUDA kernels: nvcc 12.9.41 does not know architecture 120; it is left out\n"
            + "CUDA kernels: '120' names no architecture that nvcc 12.9.41 knows\n",
        run(1, "120"));
  }

  @Test
  void aFileThatDoesNotCompileFailsTheBuildAndLeavesNoOldImage() throws Exception {
    run(0, "80");
    Files.writeString(sources.resolve("add.cu"), "BROKEN");
    for (int i = 0; i < 2; i++) {
      String output = run(1, "80");
      assertTrue(output.contains("CUDA kernels: add.cu does not compile\n"), output);
      assertTrue(output.contains("add.cu(1): error: this is broken"), output);
      assertFalse(Files.exists(image("add")));
    }
  }

  @Test
  void withoutACompilerThereAreNoKernelsAndItSaysSo() throws Exception {
    assumeFalse(Files.exists(Path.of("/usr/bin/nvcc")), "this machine has an nvcc in /usr/bin");
    run(0, "80");
    Files.delete(compiler);
    assertEquals(
        "CUDA kernels: none in "
            + classes
            + ", because there is no nvcc: this build runs on CPUs only. To have them, put nvcc of"
            + " CUDA 12.8 or newer on the PATH or set CUDA_HOME, and build again.\n",
        run(0, "80"));
    assertFalse(Files.exists(image("add").getParent()));
  }

  private Path image(String name) {
    return classes.resolve("dev/longspan/kernels/cuda").resolve(name + ".fatbin");
  }

  private String[] calls() throws IOException {
    return Files.readString(compiler.resolveSibling("calls")).split("\n");
  }

  private String run(int expectedStatus, String architectures) throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(
            "bash",
            Path.of("src/main/cuda/compile.sh").toAbsolutePath().toString(),
            sources.toString(),
            classes.toString(),
            folder.resolve("work").toString(),
            architectures);
    builder.environment().put("CUDA_HOME", folder.resolve("cuda").toString());
    builder.environment().put("PATH", "/usr/bin:/bin");
    Process process = builder.redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(expectedStatus, process.waitFor(), output);
    return output;
  }
}
