package dev.longspan.spark.cli;

import dev.longspan.kernels.bench.RecordTable;
import dev.longspan.spark.UsageException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Renders records of benches. */
@Command(
    name = "table",
    sortOptions = false,
    header = "Renders records of benches as Markdown tables.",
    description = {"", "A peer's figure is followed by how many times as fast ours is."},
    footer = {
      "",
      "Examples:",
      "  longspan bench table udf-kernels/benchmarks",
      "  longspan bench table tonight.jsonl"
    })
final class BenchTableCommand implements Callable<Integer> {
  @Parameters(
      arity = "1..*",
      paramLabel = "FILE",
      description = "Files of JSON lines, or folders with such files (.jsonl).")
  List<Path> places;

  @Mixin CommonOptions common;
  @Spec CommandSpec spec;

  @Override
  public Integer call() {
    try {
      spec.commandLine().getOut().print(RecordTable.of(places));
      spec.commandLine().getOut().flush();
    } catch (IllegalArgumentException e) {
      throw new UsageException(e.getMessage());
    }
    return 0;
  }
}
