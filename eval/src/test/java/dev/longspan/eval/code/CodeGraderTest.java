package dev.longspan.eval.code;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The verdicts of ordinary programs. */
class CodeGraderTest {
  private static final CodeLimits LIMITS = new CodeLimits(2, 1L << 30, 1L << 20, 32, 16);
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

  private static CodeVerdict io(String program) throws IOException {
    return grader.grade(
        0, HostileProgramTest.problem(null, "1 2\n", "3\n", "5 5\n", "10\n"), program);
  }

  private static CodeVerdict call(String program, String input, String output) throws IOException {
    return grader.grade(0, HostileProgramTest.problem("f", input, output), program);
  }

  @Test
  void readsStandardInputInEveryWay() throws IOException {
    assertTrue(io("a, b = map(int, input().split())\nprint(a + b)").passed());
    assertTrue(io("import sys\nprint(sum(map(int, sys.stdin.read().split())))").passed());
    assertTrue(io("print(sum(map(int, sys.stdin.buffer.read().split())))").passed());
    assertTrue(
        io("def main():\n    print(sum(map(int, input().split())))\nif __name__ == '__main__':\n"
                + "    main()")
            .passed());
  }

  @Test
  void leavingEarlyIsNoError() throws IOException {
    assertTrue(io("print(sum(map(int, input().split())))\nexit()").passed());
  }

  @Test
  void endsAtTheFirstFailure() throws IOException {
    CodeVerdict wrong = io("input()\nprint(3)");
    assertEquals(List.of(1, -2), wrong.results());
    assertEquals("test 2: line 1: 3, expected 10", wrong.message());
  }

  @Test
  void namesWhatWentWrong() throws IOException {
    assertEquals("test 1: ZeroDivisionError('division by zero')", io("print(1 / 0)").message());
    assertEquals(List.of(-4), io("print(1 / 0)").results());
    assertTrue(io("print(").message().startsWith("the program: SyntaxError"));
    assertEquals("test 1: no answer within 2 s", io("while True: pass").message());
    assertEquals(List.of(-3), io("while True: pass").results());
  }

  @Test
  void callsMethodsAndFunctions() throws IOException {
    String method =
        "class Solution:\n    def f(self, a: List[int], b: int):\n        return a + [b]";
    assertTrue(call(method, "[1, 2]\n3", "[1, 2, 3]").passed());
    assertTrue(call("def f(a):\n    return (a, a)", "1", "[1, 1.0]").passed());
    assertTrue(call("def f(a):\n    return a == 1", "1", "true").passed());
    assertTrue(call("def f(a):\n    return {'x': [a]}", "1", "{\"x\": [1]}").passed());
    assertEquals(List.of(0), call("def f(a):\n    return {a}", "1", "[1]").results());
    assertEquals(List.of(0), call("def f(a):\n    return [(1, 2)]", "1", "[[1, 2]]").results());
    assertEquals(List.of(-4), call("def g(a):\n    return a", "1", "1").results());
    assertTrue(call("def f(a):\n    return 10 ** 40", "1", "1" + "0".repeat(40)).passed());
  }

  @Test
  void comparesOutputs() {
    assertNull(OutputComparison.difference(" 1.0 2\n\n", "1 2e0"));
    assertNull(OutputComparison.difference("a  \nb", "a\nb"));
    assertEquals("line 1: yes, expected Yes", OutputComparison.difference("yes", "Yes"));
    assertEquals("2 lines of output, expected 1", OutputComparison.difference("1\n2", "1"));
    assertEquals("line 1: nan, expected 0", OutputComparison.difference("nan", "0"));
    assertEquals(
        "line 1: 0.1, expected 0.10000000001", OutputComparison.difference("0.1", "0.10000000001"));
  }

  @Test
  void findsThePrograms() {
    assertEquals("b", CodeExtraction.program("```\na\n```\ntext\n```python\nb\n```\n"));
    assertEquals("", CodeExtraction.program("```python\nno end"));
    assertEquals("x", CodeExtraction.program("<think>```\ny\n```</think>\n```py\nx\n```"));
  }
}
