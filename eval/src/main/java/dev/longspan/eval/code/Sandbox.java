package dev.longspan.eval.code;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts a Python interpreter that can do no harm.
 *
 * <p>No network, a read-only root that holds the interpreter and its libraries and nothing else, a
 * private temporary folder in memory, an empty environment, no privileges, and limits on address
 * space, CPU time, processes and files. Killing the started process kills everything it started.
 */
public final class Sandbox implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Sandbox.class);
  private static final int FIRST_UID = 990_000;
  private static final int PROBE_SECONDS = 20;
  private static final List<String> SYSTEM =
      List.of("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/alternatives");
  private static final List<String> DEVICES =
      List.of("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom");

  private enum Kind {
    BUBBLEWRAP,
    NAMESPACES,
    NONE
  }

  private final Kind kind;
  private final String python;
  private final String version;
  private final CodeLimits limits;
  private final Path folder;
  private final List<String> readable;

  private Sandbox(Kind kind, String python, CodeLimits limits, Path folder) throws IOException {
    this.kind = kind;
    this.python = python;
    this.version = "Python " + ask(python, "import platform; print(platform.python_version())");
    this.limits = limits;
    this.folder = folder;
    this.readable = readable(python);
  }

  /**
   * Returns the first sandbox that works here: bubblewrap, or plain Linux namespaces.
   *
   * @param python the interpreter, by name or path
   * @param allowNone whether to run programs unprotected, with resource limits only, where neither
   *     works
   * @throws IllegalStateException if none works, saying why and what would change that
   */
  public static Sandbox open(String python, CodeLimits limits, boolean allowNone)
      throws IOException {
    String real = interpreter(python);
    List<String> refusals = new ArrayList<>();
    Path folder = Files.createTempDirectory("longspan-sandbox");
    for (Kind kind : allowNone ? Kind.values() : new Kind[] {Kind.BUBBLEWRAP, Kind.NAMESPACES}) {
      Sandbox sandbox = new Sandbox(kind, real, limits, folder);
      sandbox.unpack();
      String refusal = sandbox.probe();
      if (refusal == null) {
        if (kind == Kind.NONE) {
          LOG.warn("submitted programs run WITHOUT a sandbox: {}", String.join("; ", refusals));
        }
        return sandbox;
      }
      refusals.add(kind.name().toLowerCase(Locale.ROOT) + ": " + refusal);
    }
    delete(folder);
    throw new IllegalStateException(
        "no sandbox for submitted programs works here ("
            + String.join("; ", refusals)
            + "); install bubblewrap, or run where user and network namespaces are allowed, or pass"
            + " --unsafe-no-sandbox inside a container that you can lose");
  }

  /** Returns the version of the interpreter and the kind in use, for manifests. */
  public String describe() {
    String how = kind == Kind.NONE ? "no sandbox" : kind.name().toLowerCase(Locale.ROOT);
    return version + ", " + how;
  }

  /**
   * Starts a Python script.
   *
   * @param slot number of the concurrent run, from 0: each has its own user, so that one program's
   *     processes do not count against another's limit
   * @param script source of the script
   * @param cpuSeconds time on a processor after which a process of it is killed
   */
  public Process start(int slot, String script, int cpuSeconds) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command(slot, script, cpuSeconds));
    builder.environment().clear();
    builder
        .environment()
        .put("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    builder.directory(folder.toFile());
    builder.redirectError(ProcessBuilder.Redirect.DISCARD);
    return builder.start();
  }

  /** Kills a process of {@link #start} and all that it started. */
  public void kill(Process process) {
    if (kind == Kind.NONE) {
      // The session leader's group; the namespaces of the other kinds die with their first process.
      process.descendants().forEach(ProcessHandle::destroyForcibly);
    }
    process.destroyForcibly();
  }

  private List<String> command(int slot, String script, int cpuSeconds) {
    List<String> command = new ArrayList<>();
    boolean root = "root".equals(System.getProperty("user.name"));
    switch (kind) {
      case BUBBLEWRAP -> {
        command.addAll(
            List.of("bwrap", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"));
        command.addAll(List.of("--die-with-parent", "--new-session", "--clearenv"));
        if (root) {
          command.addAll(List.of("--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"));
          command.addAll(List.of("--cap-add", "CAP_SETPCAP"));
        } else {
          command.add("--unshare-user");
        }
        for (String path : readable) {
          Path p = Path.of(path);
          if (Files.isSymbolicLink(p)) {
            command.addAll(List.of("--symlink", target(p), path));
          } else {
            String how = DEVICES.contains(path) ? "--dev-bind" : "--ro-bind";
            command.addAll(List.of(how, path, path));
          }
        }
        command.addAll(List.of("--tmpfs", "/tmp", "--remount-ro", "/", "--chdir", "/tmp"));
      }
      case NAMESPACES -> {
        command.add("unshare");
        if (!root) {
          command.addAll(List.of("--user", "--map-root-user"));
        }
        command.addAll(
            List.of("--mount", "--net", "--pid", "--ipc", "--uts", "--fork", "--kill-child=KILL"));
        command.addAll(
            List.of("/bin/bash", folder.resolve("sandbox.sh").toString(), mountPoint().toString()));
        command.addAll(readable);
        command.add("--");
      }
      default -> command.add("setsid");
    }
    if (kind != Kind.NONE) {
      command.addAll(List.of("setpriv", "--no-new-privs", "--inh-caps=-all"));
      if (root || kind == Kind.NAMESPACES) {
        command.add("--bounding-set=-all");
      }
      if (root) {
        String uid = Integer.toString(FIRST_UID + slot);
        command.addAll(List.of("--reuid", uid, "--regid", uid, "--clear-groups"));
      }
    }
    command.addAll(
        List.of(
            "prlimit",
            "--as=" + limits.addressSpaceBytes(),
            "--fsize=" + limits.fileBytes(),
            "--nofile=" + limits.openFiles(),
            "--nproc=" + limits.processes(),
            "--cpu=" + cpuSeconds,
            "--core=0"));
    command.addAll(List.of(python, "-I", "-X", "utf8", "-c", script));
    return command;
  }

  private Path mountPoint() {
    return folder.resolve("root");
  }

  private void unpack() throws IOException {
    Files.createDirectories(mountPoint());
    Files.writeString(folder.resolve("sandbox.sh"), resource("sandbox.sh"));
  }

  /** Returns why this kind does not work here, or null. */
  private String probe() throws IOException {
    String script =
        kind == Kind.NONE
            ? "print('ok')"
            : """
            import os, socket
            assert not os.path.exists('/etc/passwd') and not os.path.exists('/home')
            assert not os.access('/', os.W_OK)
            try:
                socket.create_connection(('127.0.0.1', 9), 1)
            except OSError:
                pass
            assert [i for _, i in socket.if_nameindex()] == ['lo']
            print('ok')
            """;
    Process process;
    try {
      process = start(0, script, PROBE_SECONDS);
    } catch (IOException e) {
      return e.getMessage();
    }
    try {
      process.getOutputStream().close();
      boolean ended = process.waitFor(PROBE_SECONDS, TimeUnit.SECONDS);
      if (ended && new String(process.getInputStream().readAllBytes()).strip().equals("ok")) {
        return null;
      }
      return ended ? "the trial program ended with " + process.exitValue() : "it hangs";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "interrupted";
    } finally {
      kill(process);
    }
  }

  /** Returns the path of the interpreter itself: launchers that choose one do not work inside. */
  private static String interpreter(String python) throws IOException {
    String path = ask(python, "import sys, os; print(os.path.realpath(sys.executable))");
    if (path == null) {
      throw new IllegalStateException(
          "'"
              + python
              + "' does not start a Python 3 interpreter; install python3 or name another");
    }
    return path;
  }

  /** Returns what the interpreter needs to read: system libraries, and its own prefix if apart. */
  private static List<String> readable(String python) throws IOException {
    Set<String> folders = new LinkedHashSet<>(SYSTEM);
    String prefix = ask(python, "import sys; print(sys.base_prefix)");
    if (prefix != null && !prefix.startsWith("/usr")) {
      folders.add(prefix);
    }
    folders.addAll(DEVICES);
    return folders.stream().filter(f -> Files.exists(Path.of(f))).toList();
  }

  private static String ask(String python, String program) throws IOException {
    try {
      Process process =
          new ProcessBuilder(python, "-I", "-c", program)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      String answer = new String(process.getInputStream().readAllBytes()).strip();
      return process.waitFor() == 0 && !answer.isEmpty() ? answer : null;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while asking " + python + " for its folders", e);
    } catch (IOException e) {
      return null;
    }
  }

  private static String target(Path link) {
    try {
      return Files.readSymbolicLink(link).toString();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns a text file of this package. */
  static String resource(String name) throws IOException {
    try (var in = Sandbox.class.getResourceAsStream(name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path path : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  @Override
  public void close() throws IOException {
    delete(folder);
  }
}
