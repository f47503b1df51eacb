package dev.longspan.spark.job;

import dev.longspan.eval.code.CodeLimits;
import dev.longspan.eval.code.Sandbox;
import dev.longspan.spark.UsageException;
import java.io.IOException;
import java.io.Serializable;

/**
 * How programs are run to be graded.
 *
 * @param python the interpreter, by name or path
 * @param allowNone whether programs may run without a sandbox where none works
 */
public record GradingSpec(String python, boolean allowNone) implements Serializable {
  /**
   * Returns interpreter, sandbox and limits of this machine in words.
   *
   * @throws UsageException if there is no interpreter, or no sandbox that works
   */
  public String environment() throws IOException {
    try (Sandbox sandbox = Sandbox.open(python, CodeLimits.DEFAULT, allowNone)) {
      return sandbox.describe() + ", " + CodeLimits.DEFAULT.describe();
    } catch (IllegalStateException e) {
      throw new UsageException(
          "livecodebench can't be graded here, so leave it out of --suite, or: " + e.getMessage(),
          e);
    }
  }
}
