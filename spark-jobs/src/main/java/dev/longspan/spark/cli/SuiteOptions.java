package dev.longspan.spark.cli;

import dev.longspan.datasets.ruler.Ruler;
import dev.longspan.spark.UsageException;
import dev.longspan.spark.job.SuiteSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Option;

/** Which samples to generate. */
final class SuiteOptions {
  private static final int DEFAULT_LENGTH = 4096;

  @Option(
      names = "--suite",
      paramLabel = "NAME",
      defaultValue = Ruler.SUITE,
      description = "Benchmark suite: ruler (default).")
  String suite;

  @Option(
      names = "--tasks",
      paramLabel = "NAME",
      split = ",",
      description = "Tasks of the suite. Default: all.")
  List<String> tasks;

  @Option(
      names = "--lengths",
      paramLabel = "N",
      split = ",",
      description = "Lengths in tokens, prompt and answer together, 512 or more. Default: 4096.")
  List<Integer> lengths;

  @Option(
      names = "--samples",
      paramLabel = "N",
      defaultValue = "20",
      description = "Samples for each task and length. Default: 20.")
  int samples;

  @Option(
      names = "--templates",
      paramLabel = "FILE",
      description = "RULER's wording as a JSON file. Default: our own wording.")
  String templates;

  @Option(
      names = "--haystack",
      paramLabel = "FILE_OR_DIR",
      description = "Books to hide needles in. Default: generated prose.")
  String haystack;

  @Option(
      names = "--qa-squad",
      paramLabel = "FILE",
      description = "SQuAD 2.0 file for qa_1. Default: generated questions.")
  String squad;

  @Option(
      names = "--qa-hotpot",
      paramLabel = "FILE",
      description = "HotpotQA distractor file for qa_2. Default: generated questions.")
  String hotpot;

  SuiteSpec spec(long seed) {
    if (!SuiteSpec.NAMES.contains(suite)) {
      throw new UsageException(
          "--suite '"
              + suite
              + "' is unknown; known are "
              + String.join(", ", SuiteSpec.NAMES)
              + ".");
    }
    List<String> wanted = tasks == null ? Ruler.TASKS : tasks;
    for (String task : wanted) {
      if (!Ruler.TASKS.contains(task)) {
        throw new UsageException(
            "--tasks: '"
                + task
                + "' is no task of "
                + suite
                + "; its tasks are "
                + String.join(", ", Ruler.TASKS)
                + ".");
      }
    }
    List<Integer> all = lengths == null ? List.of(DEFAULT_LENGTH) : lengths;
    for (int length : all) {
      Checks.atLeast("--lengths", length, 512);
    }
    Checks.atLeast("--samples", samples, 1);
    SuiteSpec spec =
        new SuiteSpec(
            suite,
            wanted.stream().distinct().toList(),
            all.stream().distinct().sorted().toList(),
            samples,
            seed,
            existing("--templates", templates),
            existing("--haystack", haystack),
            existing("--qa-squad", squad),
            existing("--qa-hotpot", hotpot));
    // Reads the files that the options name: what is wrong with them shows before anything starts.
    spec.generator();
    return spec;
  }

  private static String existing(String option, String file) {
    if (file == null) {
      return null;
    }
    Path path = Path.of(file).toAbsolutePath().normalize();
    if (!Files.exists(path)) {
      throw new UsageException(option + " " + file + ": there is no such file.");
    }
    return path.toString();
  }
}
