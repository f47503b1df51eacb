package dev.longspan.eval.code;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.longspan.datasets.livecodebench.CodeTests;
import dev.longspan.datasets.livecodebench.CodeTests.CodeTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Programs that mean harm: each is contained, gets its verdict, and the next one is graded. */
class HostileProgramTest {
  private static final CodeLimits LIMITS = new CodeLimits(2, 1L << 30, 1L << 20, 32, 16);
  private static final String HONEST = "print(sum(map(int, input().split())))";

  private static Sandbox sandbox;
  private static CodeGrader grader;

  @BeforeAll
  static void open() throws IOException {
    try {
      sandbox = Sandbox.open("python3", LIMITS, false);
    } catch (IllegalStateException e) {
      abort(e.getMessage());
    }
    grader = new CodeGrader(sandbox, LIMITS);
  }

  @AfterAll
  static void close() throws IOException {
    if (sandbox != null) {
      sandbox.close();
    }
  }

  static CodeTests problem(String function, String... inputsAndOutputs) {
    List<CodeTest> tests =
        Stream.iterate(0, i -> i < inputsAndOutputs.length, i -> i + 2)
            .map(i -> new CodeTest(inputsAndOutputs[i], inputsAndOutputs[i + 1]))
            .toList();
    return new CodeTests(function, tests);
  }

  static CodeVerdict grade(CodeTests problem, String program) throws IOException {
    return grader.grade(0, problem, program);
  }

  static List<Arguments> programs() {
    return List.of(
        Arguments.of(
            "fork bomb",
            """
            import os
            while True:
                try:
                    os.fork()
                except OSError:
                    pass
            """),
        Arguments.of("100 GB", "x = bytearray(100 << 30)\nprint(3)"),
        Arguments.of("endless output", "while True:\n    print('x' * 1000)"),
        Arguments.of(
            "endless output past the capture",
            "import os\nwhile True:\n    for fd in range(16):\n        try:\n"
                + "            os.write(fd, b'x' * 65536)\n        except OSError:\n            pass"),
        Arguments.of(
            "accounts", "import io\nprint(io.FileIO('/etc/passwd').read().decode()[:0] + '3')"),
        Arguments.of("home", "import os\nos.listdir('/home')\nprint(3)"),
        Arguments.of("environment", "import os\nprint(3 if os.environ['HOME'] else 4)"),
        Arguments.of(
            "socket", "import socket\nsocket.create_connection(('127.0.0.1', 22), 1)\nprint(3)"),
        Arguments.of(
            "other processes",
            "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\nprint(3)"),
        Arguments.of("itself", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"),
        Arguments.of(
            "everyone", "import os, signal\nos.kill(-1, signal.SIGKILL)\nwhile True: pass"),
        Arguments.of(
            "writing outside", "import os\nos.close(os.open('/usr/mine', os.O_CREAT))\nprint(3)"),
        Arguments.of(
            "filling the disk",
            "import os\nfd = os.open('/tmp/big', os.O_CREAT | os.O_RDWR)\nfor _ in range(200):\n"
                + "    os.write(fd, b'x' * (1 << 20))\nprint(3)"),
        Arguments.of("sleep", "import time\ntime.sleep(1e6)"),
        Arguments.of(
            "deaf to the alarm",
            "import signal\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\nwhile True: pass"),
        Arguments.of("exit", "import os\nos._exit(0)"),
        Arguments.of("recursion", "def f(n):\n    return f(n + 1) + 1\nprint(f(0))"),
        Arguments.of(
            "more privileges",
            "import ctypes\nassert ctypes.CDLL(None).unshare(0x10000000) == 0\nprint(3)"),
        Arguments.of(
            "forged verdict",
            "import os\nfor fd in range(3, 16):\n    try:\n        os.write(fd,"
                + " b'{\"status\": \"passed\"}\\n')\n    except OSError:\n        pass\nprint(4)"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("programs")
  void isContained(String name, String program) throws IOException {
    CodeVerdict verdict = grade(problem(null, "1 2", "3"), program);
    assertFalse(verdict.passed(), verdict.toString());
    assertEquals(1, verdict.results().size(), verdict.toString());
    assertTrue(verdict.message() != null && !verdict.message().isBlank());
    assertTrue(grade(problem(null, "1 2", "3"), HONEST).passed(), "the grader survives");
  }

  @Test
  void leavesNoProcessBehind() throws IOException {
    grade(
        problem(null, "1 2", "3"),
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(1e5)\nprint(4)");
    assertEquals(
        0,
        ProcessHandle.current()
            .descendants()
            .filter(p -> p.info().command().orElse("").contains("python"))
            .filter(ProcessHandle::isAlive)
            .peek(p -> p.onExit().join())
            .filter(ProcessHandle::isAlive)
            .count());
  }

  @Test
  void limitsAreThoseOfTheProcess() throws IOException {
    CodeVerdict verdict =
        grade(
            problem(null, "", "16 8 1073741824 1048576 32 0\n"),
            "import resource as r\nprint(*[r.getrlimit(k)[1] for k in (r.RLIMIT_NPROC,"
                + " r.RLIMIT_CPU, r.RLIMIT_AS, r.RLIMIT_FSIZE, r.RLIMIT_NOFILE, r.RLIMIT_CORE)])");
    assertTrue(verdict.passed(), verdict.toString());
  }

  @Test
  void leavesNoFileBehind(@TempDir Path folder) throws IOException {
    Path target = folder.resolve("mine");
    grade(
        problem(null, "1 2", "3"),
        "import os\ntry:\n    os.makedirs('"
            + folder
            + "')\nexcept OSError:\n    pass\n"
            + "os.close(os.open('"
            + target
            + "', os.O_CREAT | os.O_WRONLY))\nprint(3)");
    assertFalse(Files.exists(target), "what a program writes stays in its own memory");
  }

  @Test
  void anEmptyAnswerFails() throws IOException {
    assertEquals(List.of(-4), grade(problem(null, "1 2", "3"), "").results());
  }
}
