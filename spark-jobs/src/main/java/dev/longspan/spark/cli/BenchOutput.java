package dev.longspan.spark.cli;

import dev.longspan.kernels.bench.BenchRecord;
import dev.longspan.kernels.bench.Peers;
import dev.longspan.spark.UsageException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** Where the records of a bench go, and what stands beside them. */
final class BenchOutput {
  @Option(
      names = "--peers",
      paramLabel = "FILE",
      description =
          "What udf-kernels/benchmarks/peers.py has printed on this machine just before: joins the"
              + " records of the same cases.")
  Path peers;

  @Option(
      names = "--record",
      paramLabel = "FILE",
      description = "Also append the JSON lines to this file.")
  Path record;

  /**
   * Runs a bench, given its command line and where its records go.
   *
   * @return the exit status
   * @throws UsageException if an option asks for what there is not
   */
  int measure(CommandSpec spec, BiConsumer<String, Consumer<BenchRecord>> bench) {
    try {
      bench.accept(command(spec), sink(spec));
    } catch (IllegalArgumentException e) {
      throw new UsageException(e.getMessage());
    }
    return 0;
  }

  /** Returns the command line that repeats the measurement: without files of this machine. */
  private static String command(CommandSpec spec) {
    StringBuilder command = new StringBuilder("bin");
    String separator = "/";
    boolean value = false;
    for (String word : CommandLines.words(spec)) {
      boolean file = word.startsWith("--peers") || word.startsWith("--record");
      if (!file && !value) {
        command.append(separator).append(word);
        separator = " ";
      }
      value = file && !word.contains("=");
    }
    return command.toString();
  }

  /**
   * Returns what prints records.
   *
   * @throws IllegalArgumentException if the peers cannot be read
   */
  private Consumer<BenchRecord> sink(CommandSpec spec) {
    PrintWriter out = spec.commandLine().getOut();
    Peers others = peers == null ? Peers.NONE : Peers.read(peers);
    return line -> {
      String json = others.addTo(line).toJson();
      out.println(json);
      out.flush();
      if (record != null) {
        append(json);
      }
    };
  }

  private void append(String json) {
    try {
      Files.writeString(
          record,
          json + "\n",
          StandardCharsets.UTF_8,
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot append to " + record, e);
    }
  }
}
