package dev.longspan.kernels.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** What a record says about where it was measured. */
final class Machine {
  private static final Path CPUINFO = Path.of("/proc/cpuinfo");
  private static final Path DRIVER = Path.of("/sys/module/nvidia/version");

  private Machine() {}

  /** Returns the processor's name and count as the operating system gives them. */
  static String processor() {
    String name = System.getProperty("os.arch");
    if (Files.isReadable(CPUINFO)) {
      try (Stream<String> lines = Files.lines(CPUINFO)) {
        name =
            lines
                .filter(line -> line.startsWith("model name"))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst()
                .orElse(name);
      } catch (IOException ignored) {
        // the architecture must do
      }
    }
    return name + ", " + Runtime.getRuntime().availableProcessors() + " cores";
  }

  /** Returns the version of the NVIDIA driver, such as 580.159.03; null where there is none. */
  static String driver() {
    try {
      return Files.isReadable(DRIVER) ? Files.readString(DRIVER).strip() : null;
    } catch (IOException e) {
      return null;
    }
  }

  /**
   * Returns the short hash of the working tree's commit, or {@code unknown} outside of one; the
   * environment variable LONGSPAN_COMMIT names that of a build without its repository.
   */
  static String commit() {
    String given = System.getenv("LONGSPAN_COMMIT");
    if (given != null && !given.isBlank()) {
      return given.strip();
    }
    try {
      Process git =
          new ProcessBuilder("git", "rev-parse", "--short", "HEAD")
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      byte[] output = git.getInputStream().readAllBytes();
      String hash = new String(output, StandardCharsets.UTF_8).strip();
      return git.waitFor() == 0 && !hash.isEmpty() ? hash : "unknown";
    } catch (IOException e) {
      return "unknown";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "unknown";
    }
  }
}
