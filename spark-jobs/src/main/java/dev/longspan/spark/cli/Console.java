package dev.longspan.spark.cli;

import dev.longspan.spark.job.ProgressDisplay;
import java.io.PrintStream;

/**
 * Progress on standard error: one line that is rewritten on a terminal, a line now and then else.
 */
final class Console implements ProgressDisplay {
  private static final long PLAIN_NANOS = 10_000_000_000L;
  private static final String CLEAR = "\r\u001b[K";

  private final PrintStream out;
  private final boolean terminal;
  private long shown;
  private boolean any;

  Console(PrintStream out, boolean terminal) {
    this.out = out;
    this.terminal = terminal;
  }

  static Console standard() {
    return new Console(System.err, System.console() != null);
  }

  @Override
  public synchronized void show(String line) {
    long now = System.nanoTime();
    if (terminal) {
      out.print(CLEAR + line);
      out.flush();
    } else if (!any || now - shown >= PLAIN_NANOS) {
      out.println(line);
      shown = now;
    }
    any = true;
  }

  @Override
  public synchronized void end(String line) {
    out.println(terminal ? CLEAR + line : line);
  }
}
