package dev.longspan.eval.code;

import dev.longspan.datasets.livecodebench.CodeTests;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The verdicts on programs, by what they are about: equal programs on equal tests have one.
 *
 * @param environment interpreter, sandbox and limits that they ran with
 * @param verdicts by {@link #key}
 */
public record CodeGrades(String environment, Map<String, CodeVerdict> verdicts) {
  /** No verdicts. */
  public static final CodeGrades NONE = new CodeGrades("", Map.of());

  /** Freezes the map. */
  public CodeGrades {
    verdicts = Map.copyOf(verdicts);
  }

  /**
   * Returns the name of a verdict.
   *
   * @param tests a sample's reference, or its {@link CodeTests#label}
   * @param program as {@link CodeExtraction#program} finds it
   */
  public static String key(String tests, String program) {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      sha.update(CodeTests.label(tests).getBytes(StandardCharsets.UTF_8));
      sha.update((byte) 0);
      return HexFormat.of().formatHex(sha.digest(program.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  /** Returns these verdicts and those of another run; where both have one, this one's. */
  public CodeGrades and(CodeGrades others) {
    Map<String, CodeVerdict> all = new HashMap<>(others.verdicts);
    all.putAll(verdicts);
    String both =
        Stream.of(environment, others.environment)
            .filter(name -> !name.isEmpty())
            .distinct()
            .collect(Collectors.joining("; "));
    return new CodeGrades(both, all);
  }

  /**
   * Returns the verdict on a program.
   *
   * @throws IllegalStateException if it has none
   */
  public CodeVerdict of(String tests, String program) {
    CodeVerdict verdict = verdicts.get(key(tests, program));
    if (verdict == null) {
      throw new IllegalStateException(
          "a program has no verdict: LiveCodeBench is scored from the verdicts of its tests; grade the"
              + " answers first, as the commands evaluate and score do");
    }
    return verdict;
  }
}
