package dev.longspan.datasets.livecodebench;

import java.time.LocalDateTime;
import java.util.List;

/**
 * A programming contest problem with its tests.
 *
 * @param id name of the problem within the benchmark
 * @param title title of the problem
 * @param statement what the program must do
 * @param platform where it comes from, for example {@code atcoder}
 * @param contestDate when it was published: windows of dates guard against training on it
 * @param difficulty {@code easy}, {@code medium} or {@code hard}
 * @param starterCode the signature to complete; empty for programs that read standard input
 * @param functionName the method to call; null for programs that read standard input
 * @param tests public tests, then private ones
 */
public record CodeProblem(
    String id,
    String title,
    String statement,
    String platform,
    LocalDateTime contestDate,
    String difficulty,
    String starterCode,
    String functionName,
    List<CodeTest> tests) {

  /**
   * One input and what must come of it.
   *
   * @param input standard input, or one JSON value a line for the arguments of a method
   * @param output expected standard output, or the expected JSON value
   */
  public record CodeTest(String input, String output) {}
}
