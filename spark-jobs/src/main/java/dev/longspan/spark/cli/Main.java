package dev.longspan.spark.cli;

import dev.longspan.datasets.DatasetException;
import dev.longspan.kernels.checkpoint.CheckpointException;
import dev.longspan.spark.UsageException;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParameterException;

/** The command line. */
@Command(
    name = "longspan",
    header = "Runs long-context language models over corpora and benchmarks under Apache Spark.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      DemoCommand.class,
      EvaluateCommand.class,
      GenerateCommand.class,
      PrepareCommand.class,
      ScoreCommand.class,
      ReportCommand.class,
      BenchCommand.class,
      CommandLine.HelpCommand.class
    },
    footer = {
      "",
      "Start with:      longspan demo",
      "About a command: longspan help evaluate",
      "",
      "Exit status: 0 done, 1 the run failed, 2 wrong use or input."
    })
public final class Main implements Runnable {
  private static final String DEBUG = "--debug";
  private static final String CONF = "--conf";

  @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

  /** Runs a command and ends the JVM with its exit status. */
  public static void main(String[] args) {
    PrintWriter out = new PrintWriter(System.out, true);
    PrintWriter err = new PrintWriter(System.err, true);
    int status = run(out, err, args);
    out.flush();
    System.exit(status);
  }

  /**
   * Runs a command.
   *
   * @param out gets results
   * @param err gets complaints
   * @return the exit status: 0 done, 1 failed, 2 wrong use or input
   */
  public static int run(PrintWriter out, PrintWriter err, String... args) {
    boolean debug = Arrays.asList(args).contains(DEBUG);
    CommandLine command = new CommandLine(new Main());
    command.setOut(out);
    command.setErr(err);
    command.setUsageHelpAutoWidth(true);
    command.setAbbreviatedOptionsAllowed(false);
    command.setCaseInsensitiveEnumValuesAllowed(true);
    command.setParameterExceptionHandler((e, given) -> wrongUse(e, debug));
    command.setExecutionExceptionHandler((e, failed, result) -> failure(e, failed, debug));
    try {
      String conf = confFile(args);
      if (conf != null) {
        YamlDefaults.install(command, conf, args);
      }
    } catch (UsageException e) {
      return failure(e, command, debug);
    }
    return command.execute(args);
  }

  private static String confFile(String[] args) {
    for (int i = 0; i < args.length; i++) {
      if (args[i].equals(CONF) && i + 1 < args.length) {
        return args[i + 1];
      }
      if (args[i].startsWith(CONF + "=")) {
        return args[i].substring(CONF.length() + 1);
      }
    }
    return null;
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Say what to do: a command is missing.");
  }

  private static int wrongUse(ParameterException e, boolean debug) {
    CommandLine command = e.getCommandLine();
    PrintWriter err = command.getErr();
    err.println("longspan: " + e.getMessage());
    CommandLine.UnmatchedArgumentException.printSuggestions(e, err);
    err.println("Try '" + command.getCommandSpec().qualifiedName() + " --help'.");
    if (debug) {
      e.printStackTrace(err);
    }
    err.flush();
    return CommandLine.ExitCode.USAGE;
  }

  private static int failure(Exception e, CommandLine command, boolean debug) {
    PrintWriter err = command.getErr();
    Throwable reason = reason(e);
    boolean use = isWrongUse(reason);
    err.println("longspan: " + (use ? reason.getMessage() : words(reason)));
    if (debug) {
      e.printStackTrace(err);
    } else if (!use) {
      err.println("The same command with " + DEBUG + " prints the stack trace.");
    }
    err.flush();
    return use ? CommandLine.ExitCode.USAGE : CommandLine.ExitCode.SOFTWARE;
  }

  /** Returns the first cause that speaks to the user, or the innermost one. */
  private static Throwable reason(Throwable e) {
    Throwable last = e;
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (isWrongUse(cause)) {
        return cause;
      }
      last = cause;
    }
    return last;
  }

  private static boolean isWrongUse(Throwable e) {
    return List.of(UsageException.class, CheckpointException.class, DatasetException.class).stream()
        .anyMatch(type -> type.isInstance(e));
  }

  private static String words(Throwable e) {
    String message = e.getMessage();
    return message == null ? e.toString() : e.getClass().getSimpleName() + ": " + message;
  }
}
