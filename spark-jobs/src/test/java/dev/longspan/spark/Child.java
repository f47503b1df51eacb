package dev.longspan.spark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A command in a JVM of its own. */
public final class Child {
  private static final int MINUTES = 5;

  private final Process process;
  private final Path log;

  private Child(Process process, Path log) {
    this.process = process;
    this.log = log;
  }

  /** Starts the command line on this JVM's class path. */
  public static Child java(Path log, Map<String, String> environment, Object... words)
      throws IOException {
    Path home = Path.of(System.getProperty("longspan.home"));
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("@" + home.resolve("conf").resolve("java-opens.args"));
    command.add("-Dlog4j2.configurationFile=" + System.getProperty("log4j2.configurationFile"));
    command.add("-Xmx1g");
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add("dev.longspan.spark.cli.Main");
    return start(log, environment, command, words);
  }

  /** Starts a program. */
  public static Child start(
      Path log, Map<String, String> environment, List<String> command, Object... words)
      throws IOException {
    List<String> all = new ArrayList<>(command);
    for (Object word : words) {
      all.add(word.toString());
    }
    ProcessBuilder builder = new ProcessBuilder(all).redirectErrorStream(true);
    builder.environment().remove("SPARK_HOME");
    builder.environment().putAll(environment);
    builder.redirectOutput(log.toFile());
    return new Child(builder.start(), log);
  }

  /** Waits for the end and returns the exit status; kills what hangs. */
  public int await() throws InterruptedException {
    if (!process.waitFor(MINUTES, TimeUnit.MINUTES)) {
      kill();
      throw new AssertionError("still running after " + MINUTES + " minutes:\n" + output());
    }
    return process.exitValue();
  }

  /** Sends SIGKILL to the process and its children, and waits until it is gone. */
  public void kill() throws InterruptedException {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly().waitFor();
  }

  /** Returns whether it has not ended. */
  public boolean isAlive() {
    return process.isAlive();
  }

  /** Returns what it has printed so far. */
  public String output() {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
