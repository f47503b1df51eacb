package dev.longspan.spark.cli;

import dev.longspan.datasets.RowSuite;
import dev.longspan.datasets.Templates;
import dev.longspan.datasets.aime.Aime;
import dev.longspan.datasets.livecodebench.LiveCodeBench;
import dev.longspan.datasets.longbench.LongBench;
import dev.longspan.datasets.longbench.LongBenchPrompts;
import dev.longspan.datasets.longbench.LongBenchV2;
import dev.longspan.datasets.longppl.LongDocuments;
import dev.longspan.datasets.ruler.Ruler;
import dev.longspan.spark.UsageException;
import dev.longspan.spark.input.SampleSources;
import dev.longspan.spark.suite.RowsSuite;
import dev.longspan.spark.suite.RulerSuite;
import dev.longspan.spark.suite.SuiteSpec;
import dev.longspan.spark.suite.Suites;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** Which samples to ask. */
final class SuiteOptions {
  /** The suites that there are, in the order of {@code --suite all}. */
  static final List<String> NAMES =
      List.of(
          Ruler.SUITE,
          LongBench.SUITE,
          LongBenchV2.SUITE,
          LongDocuments.SUITE,
          Aime.SUITE,
          LiveCodeBench.SUITE);

  private static final String EVERY = "all";
  private static final int DEFAULT_LENGTH = 4096;
  private static final int DEFAULT_SAMPLES = 20;

  @Option(
      names = "--suite",
      paramLabel = "NAME",
      split = ",",
      defaultValue = Ruler.SUITE,
      description =
          "Benchmark suites: ruler (default), longbench, longbench_v2, longppl, aime,"
              + " livecodebench, or all.")
  List<String> suites;

  @Option(
      names = "--tasks",
      paramLabel = "NAME",
      split = ",",
      description = "Tasks of the suites. Default: all usual ones.")
  List<String> tasks;

  @Option(
      names = "--samples",
      paramLabel = "N",
      description = "Samples of each task, and length. Default: 20 of ruler, else all rows.")
  Integer samples;

  @Option(
      names = "--data",
      paramLabel = "[SUITE=]PATH",
      split = ",",
      description =
          "Rows of a suite as they are published: JSON Lines, JSON or Parquet, a file, a folder or a"
              + " URI. Default: a few rows of our own. Or samples that exist already, as 'prepare'"
              + " writes them or in RULER's own layout.")
  List<String> data;

  @Option(
      names = "--templates",
      paramLabel = "[SUITE=]FILE",
      split = ",",
      description = "Wording of a suite's prompts as a JSON file. Default: our own wording.")
  List<String> templates;

  @Option(
      names = "--max-prompt-tokens",
      paramLabel = "N",
      description =
          "Longer prompts of longbench and longbench_v2 lose their middle. Default: 1,268 less than"
              + " the model's window, at most 120,000 for longbench_v2.")
  Integer maxPromptTokens;

  @Option(
      names = "--max-new-tokens",
      paramLabel = "N",
      description =
          "Limit of an answer, of all suites but ruler. Default: the suite's own; aime 32,768,"
              + " livecodebench 2,000, 512 for our own rows of both.")
  Integer maxNewTokens;

  @ArgGroup(validate = false, heading = "%nRULER:%n")
  RulerOptions ruler = new RulerOptions();

  @ArgGroup(validate = false, heading = "%nLongPPL:%n")
  LongPplOptions longPpl = new LongPplOptions();

  @ArgGroup(validate = false, heading = "%nLiveCodeBench:%n")
  LiveCodeBenchOptions liveCodeBench = new LiveCodeBenchOptions();

  /** Options of RULER's generator. */
  static final class RulerOptions {
    @Option(
        names = "--lengths",
        paramLabel = "N",
        split = ",",
        description = "Lengths in tokens, prompt and answer together, 512 or more. Default: 4096.")
    List<Integer> lengths;

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
  }

  /** Returns the names of the chosen suites, each once. */
  List<String> names() {
    if (suites.contains(EVERY)) {
      return NAMES;
    }
    for (String suite : suites) {
      if (!NAMES.contains(suite)) {
        throw new UsageException(
            "--suite '"
                + suite
                + "' is unknown; known are "
                + String.join(", ", NAMES)
                + " and all.");
      }
    }
    return suites.stream().distinct().toList();
  }

  /** Returns whether {@code --data} names samples that exist already, and no rows of a suite. */
  boolean dataIsSamples() {
    return data != null && (names().equals(List.of(Ruler.SUITE)) || SampleSources.prepared(data));
  }

  /** Returns whether the lengths of {@code --lengths} include {@code length}. */
  boolean wantsLength(int length) {
    return ruler.lengths == null || ruler.lengths.contains(length);
  }

  /**
   * Opens the chosen suites: what is wrong with options and files shows before anything starts.
   *
   * @param evaluator finds LongPPL's key tokens unless files say them; asked for only then
   */
  Suites open(long seed, Configuration configuration, LongPplOptions.Models evaluator) {
    PerSuite perSuite = new PerSuite(names());
    Map<String, String> locations = perSuite.values("--data", data);
    Map<String, String> wordings = perSuite.values("--templates", templates);
    if (samples != null) {
      Checks.atLeast("--samples", samples, 1);
    }
    Checks.atLeast("--max-prompt-tokens", maxPromptTokens, 2);
    Checks.atLeast("--max-new-tokens", maxNewTokens, 1);
    Map<String, List<String>> wanted = perSuite.tasks(tasks, this::known);
    List<SuiteSpec> specs = new ArrayList<>();
    for (String name : names()) {
      if (name.equals(Ruler.SUITE)) {
        if (locations.containsKey(name)) {
          throw new UsageException(
              "--data "
                  + locations.get(name)
                  + " holds no samples that exist already, and ruler takes no other data: use"
                  + " --haystack, --qa-squad and --qa-hotpot.");
        }
        specs.add(ruler(wanted.get(name), wordings.get(name), seed));
      } else if (name.equals(LongDocuments.SUITE)) {
        specs.add(
            longPpl.open(locations.get(name), wanted.get(name), limit(), configuration, evaluator));
      } else {
        specs.add(
            RowsSuite.open(
                rowSuite(name, wordings.get(name)),
                locations.get(name),
                wanted.get(name),
                limit(),
                maxPromptTokens,
                row -> true,
                configuration));
      }
    }
    return new Suites(specs);
  }

  private int limit() {
    return samples == null ? 0 : samples;
  }

  private RowSuite rowSuite(String name, String wording) {
    return switch (name) {
      case LongBench.SUITE ->
          new LongBench(
              wording == null
                  ? LongBenchPrompts.own()
                  : LongBenchPrompts.read(existing("--templates", wording)),
              maxNewTokens);
      case LongBenchV2.SUITE ->
          new LongBenchV2(wording(wording, LongBenchV2.ownPrompts()), maxNewTokens);
      case Aime.SUITE -> new Aime(wording(wording, Aime.ownPrompts()), maxNewTokens);
      default -> liveCodeBench.suite(wording(wording, LiveCodeBench.ownPrompts()), maxNewTokens);
    };
  }

  private static Templates wording(String file, Templates own) {
    return file == null ? own : Templates.read(existing("--templates", file));
  }

  private RulerSuite ruler(List<String> wanted, String wording, long seed) {
    List<Integer> lengths = ruler.lengths == null ? List.of(DEFAULT_LENGTH) : ruler.lengths;
    for (int length : lengths) {
      Checks.atLeast("--lengths", length, 512);
    }
    RulerSuite suite =
        new RulerSuite(
            wanted == null ? Ruler.TASKS : wanted,
            lengths.stream().distinct().sorted().toList(),
            samples == null ? DEFAULT_SAMPLES : samples,
            seed,
            path("--templates", wording),
            path("--haystack", ruler.haystack),
            path("--qa-squad", ruler.squad),
            path("--qa-hotpot", ruler.hotpot));
    // Reads the files that the options name.
    suite.generator();
    return suite;
  }

  private List<String> known(String suite) {
    return switch (suite) {
      case Ruler.SUITE -> Ruler.TASKS;
      case LongDocuments.SUITE -> new LongDocuments(null).tasks();
      default -> rowSuite(suite, null).tasks();
    };
  }

  static Path existing(String option, String file) {
    Path path = Path.of(file).toAbsolutePath().normalize();
    if (!Files.exists(path)) {
      throw new UsageException(option + " " + file + ": there is no such file.");
    }
    return path;
  }

  private static String path(String option, String file) {
    return file == null ? null : existing(option, file).toString();
  }
}
