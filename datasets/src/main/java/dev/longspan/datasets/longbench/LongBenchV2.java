package dev.longspan.datasets.longbench;

import dev.longspan.datasets.Json;
import dev.longspan.datasets.Message;
import dev.longspan.datasets.MiddleCut;
import dev.longspan.datasets.RowSuite;
import dev.longspan.datasets.Sample;
import dev.longspan.datasets.SampleName;
import dev.longspan.datasets.SourceRow;
import dev.longspan.datasets.Templates;
import java.util.List;
import java.util.Map;

/**
 * LongBench v2 (Bai et al. 2025): 503 questions with four choices each, about long documents.
 *
 * @param prompts the wording by task, with the places $DOC$, $Q$ and $C_A$ to $C_D$
 * @param maxNewTokens limit of every answer in tokens; null for the official 128
 */
public record LongBenchV2(Templates prompts, Integer maxNewTokens) implements RowSuite {
  /** Name of the suite. */
  public static final String SUITE = "longbench_v2";

  /** Version of the samples. */
  public static final String VERSION = "2";

  /** Task: the document, the question and the choices, to be answered at once. */
  public static final String ZERO_SHOT = "0shot";

  /** Task: the same without the document, which shows what a model knows by heart. */
  public static final String NO_CONTEXT = "0shot_no_context";

  private static final int MAX_NEW_TOKENS = 128;
  private static final int MAX_PROMPT = 120_000;
  private static final int ROOM = 1268;
  private static final List<String> CHOICES = List.of("A", "B", "C", "D");

  /** Returns our own wording. */
  public static Templates ownPrompts() {
    return Templates.own(LongBenchV2.class, "prompts_v2.json");
  }

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

  @Override
  public List<String> tasks() {
    return List.of(ZERO_SHOT, NO_CONTEXT);
  }

  @Override
  public List<String> usualTasks() {
    return List.of(ZERO_SHOT);
  }

  @Override
  public List<SourceRow> own() {
    return SourceRow.resource(LongBenchV2.class, "samples_v2.jsonl");
  }

  /** The official limit, or as much as fits. */
  @Override
  public int promptLimit(int window) {
    return Math.min(MAX_PROMPT, Math.max(window - ROOM, window / 2));
  }

  @Override
  public List<SampleName> names(SourceRow row) {
    answer(row.json());
    for (String field : List.of("context", "question", "domain", "difficulty", "length")) {
      row.json().text(field);
    }
    CHOICES.forEach(choice -> row.json().text("choice_" + choice));
    String id = row.json().text("_id");
    return tasks().stream().map(task -> new SampleName(task, id)).toList();
  }

  private static String answer(Json row) {
    String answer = row.text("answer");
    if (!CHOICES.contains(answer)) {
      throw row.at("answer").wrong("A, B, C or D", answer);
    }
    return answer;
  }

  @Override
  public Sample sample(SourceRow source, String task, MiddleCut cut) {
    Json row = source.json();
    // One place after the other, as officially: a document that spells a later place is filled too.
    String prompt = prompts.text(task).replace("$DOC$", row.text("context").strip());
    prompt = prompt.replace("$Q$", row.text("question").strip());
    for (String choice : CHOICES) {
      prompt = prompt.replace("$C_" + choice + "$", row.text("choice_" + choice).strip());
    }
    String kept = cut.apply(prompt);
    return new Sample(
        SUITE,
        task,
        0,
        row.text("_id"),
        List.of(Message.user(kept)),
        "",
        List.of(answer(row)),
        maxNewTokens == null ? MAX_NEW_TOKENS : maxNewTokens,
        Map.of(
            "templates", prompts.id(),
            "domain", row.text("domain"),
            "difficulty", row.text("difficulty"),
            "length", row.text("length"),
            "cut", cut.describe(prompt, kept)));
  }
}
