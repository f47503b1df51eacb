package dev.longspan.eval.code;

/**
 * What one submitted program may use.
 *
 * @param secondsPerTest time for loading the program and for each test
 * @param addressSpaceBytes virtual memory
 * @param fileBytes size of a file that it writes
 * @param openFiles open files
 * @param processes processes and threads
 */
public record CodeLimits(
    int secondsPerTest, long addressSpaceBytes, long fileBytes, int openFiles, int processes) {
  /** LiveCodeBench's 6 seconds for each test, with 4 GiB of memory. */
  public static final CodeLimits DEFAULT = new CodeLimits(6, 4L << 30, 16L << 20, 64, 32);

  /** Returns the limits in words. */
  public String describe() {
    return secondsPerTest + " s a test, " + (addressSpaceBytes >> 20) + " MiB";
  }
}
