package dev.longspan.datasets.longbench;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.longspan.datasets.Message;
import dev.longspan.datasets.MiddleCut;
import dev.longspan.datasets.RowSuite;
import dev.longspan.datasets.Sample;
import dev.longspan.datasets.SampleName;
import dev.longspan.datasets.SourceRow;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * LongBench (Bai et al. 2024): 21 sets of questions about long texts in English, Chinese and code,
 * and the 13 of LongBench-E, whose names end in {@code _e}.
 *
 * @param prompts the wording
 * @param maxNewTokens limit of every answer in tokens; null for that of its set
 */
public record LongBench(LongBenchPrompts prompts, Integer maxNewTokens) implements RowSuite {
  /** Name of the suite. */
  public static final String SUITE = "longbench";

  /** Version of the samples. */
  public static final String VERSION = "1";

  /** Reproduces the published limit of 31,500 tokens for a window of 32,768. */
  private static final int ROOM = 1268;

  private static final String EXTENDED = "_e";

  @Override
  public String name() {
    return SUITE;
  }

  @Override
  public String version() {
    return VERSION;
  }

  @Override
  public String templates() {
    return prompts.id();
  }

  /** Returns all sets, those of LongBench-E last. */
  public static List<String> sets() {
    List<String> sets = new ArrayList<>(LongBenchTask.all().stream().map(t -> t.id()).toList());
    LongBenchTask.all().stream()
        .filter(LongBenchTask::buckets)
        .forEach(task -> sets.add(task.id() + EXTENDED));
    return sets;
  }

  @Override
  public List<String> tasks() {
    return sets();
  }

  @Override
  public List<String> usualTasks() {
    return LongBenchTask.all().stream().map(LongBenchTask::id).toList();
  }

  /** Returns rows of fourteen of the sets, in English, Chinese and code. */
  @Override
  public List<SourceRow> own() {
    return SourceRow.resource(LongBench.class, "samples.jsonl");
  }

  /** Room for the chat template and the answer is left; a small window is used by half. */
  @Override
  public int promptLimit(int window) {
    return Math.max(window - ROOM, window / 2);
  }

  @Override
  public List<SampleName> names(SourceRow row) {
    LongBenchRow parsed = parse(row);
    return List.of(new SampleName(parsed.set(), parsed.id()));
  }

  private static LongBenchRow parse(SourceRow row) {
    return LongBenchRow.of(row.json(), inExtendedFile(row.file()));
  }

  /** Rows of LongBench-E bear the plain name of their set; their file, or its folder, does not. */
  private static boolean inExtendedFile(String file) {
    for (String part : file.split("[/\\\\]")) {
      String stem = part.replaceFirst("\\..*", "");
      if (stem.endsWith(EXTENDED)
          && LongBenchTask.find(stem.substring(0, stem.length() - EXTENDED.length())).isPresent()) {
        return true;
      }
    }
    return false;
  }

  /**
   * Returns the question that a row asks.
   *
   * <p>Sets that are not asked through the chat template have no messages: their prompt is the
   * answer prefix.
   */
  @Override
  public Sample sample(SourceRow source, String task, MiddleCut cut) {
    LongBenchRow row = parse(source);
    String whole = prompts.fill(row);
    String prompt = cut.apply(whole);
    Map<String, String> info = new HashMap<>();
    info.put("templates", prompts.id());
    info.put("language", row.task().language());
    info.put("length", String.valueOf(row.length()));
    info.put("cut", cut.describe(whole, prompt));
    if (!row.classes().isEmpty()) {
      ArrayNode classes = JsonNodeFactory.instance.arrayNode();
      row.classes().forEach(classes::add);
      info.put("all_classes", classes.toString());
    }
    boolean chat = row.task().chat();
    return new Sample(
        SUITE,
        task,
        0,
        row.id(),
        chat ? List.of(Message.user(prompt)) : List.of(),
        chat ? "" : prompt,
        row.answers(),
        maxNewTokens == null ? prompts.maxNewTokens(row.task()) : maxNewTokens,
        info);
  }
}
