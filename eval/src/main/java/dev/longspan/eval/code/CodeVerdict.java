package dev.longspan.eval.code;

import java.util.List;

/**
 * How a program did on a problem's tests; grading ends at the first test that fails.
 *
 * @param passed whether every test passed
 * @param results one entry per test tried: {@link #PASSED} or another code
 * @param message what went wrong, null for a program that passed
 * @param seconds time taken, start of the interpreter included
 */
public record CodeVerdict(boolean passed, List<Integer> results, String message, double seconds) {
  /** The test passed. */
  public static final int PASSED = 1;

  /** A method returned another value than expected. */
  public static final int WRONG_VALUE = 0;

  /** The whole program took too long. */
  public static final int OVERALL_TIME = -1;

  /** Another output than expected. */
  public static final int WRONG_ANSWER = -2;

  /** The test took too long. */
  public static final int TIME_LIMIT = -3;

  /** The program does not compile, raised an error or ended its interpreter. */
  public static final int RUNTIME_ERROR = -4;
}
