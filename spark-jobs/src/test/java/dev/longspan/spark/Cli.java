package dev.longspan.spark;

import dev.longspan.spark.cli.Main;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;

/**
 * A command that has run in this JVM.
 *
 * @param status exit status
 * @param out what it printed
 * @param err what it complained about
 */
public record Cli(int status, String out, String err) {

  /** Runs a command. */
  public static Cli run(Object... words) {
    List<String> args = new ArrayList<>();
    for (Object word : words) {
      args.add(word.toString());
    }
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int status = Main.run(new PrintWriter(out), new PrintWriter(err), args.toArray(String[]::new));
    return new Cli(status, out.toString(), err.toString());
  }
}
