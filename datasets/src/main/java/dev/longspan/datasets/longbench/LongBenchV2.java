package dev.longspan.datasets.longbench;

import dev.longspan.datasets.DatasetException;
import dev.longspan.datasets.Json;
import dev.longspan.datasets.JsonLines;
import dev.longspan.datasets.Message;
import dev.longspan.datasets.MiddleCut;
import dev.longspan.datasets.Sample;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** LongBench v2 (Bai et al. 2025): 503 questions with four choices each, about long documents. */
public final class LongBenchV2 {
  /** Name of the suite. */
  public static final String SUITE = "longbench_v2";

  /** Task: the document, the question and the choices, to be answered at once. */
  public static final String ZERO_SHOT = "0shot";

  /** Task: the same without the document, which shows what a model knows by heart. */
  public static final String NO_CONTEXT = "0shot_no_context";

  private static final int MAX_NEW_TOKENS = 128;
  private static final List<String> CHOICES = List.of("A", "B", "C", "D");

  private LongBenchV2() {}

  /**
   * Reads the official file: a JSON array of rows, or one row a line.
   *
   * @throws DatasetException if the file cannot be read, holds no row, or a row of it is there
   *     twice
   */
  public static List<Json> read(Path file) {
    String text;
    try {
      text = Files.readString(file);
    } catch (IOException e) {
      throw new DatasetException("Cannot read " + file + ": " + e, e);
    }
    return rows(file, text);
  }

  /** Returns a few questions of our own, in English and Chinese. */
  public static List<Json> own() {
    return rows(Path.of("samples_v2.jsonl"), resource("samples_v2.jsonl"));
  }

  /** Returns our own wording of the prompts, by task. */
  public static Json ownPrompts() {
    return Json.parse("prompts_v2.json", resource("prompts_v2.json"));
  }

  private static String resource(String name) {
    try {
      return new String(
          LongBenchV2.class.getResourceAsStream(name).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new IllegalStateException("the resource " + name + " cannot be read", e);
    }
  }

  private static List<Json> rows(Path file, String text) {
    List<Json> rows = new ArrayList<>();
    if (text.stripLeading().startsWith("[")) {
      rows.addAll(Json.parse(file.toString(), text).elements());
    } else {
      try (Stream<Json> lines = JsonLines.read(file, new BufferedReader(new StringReader(text)))) {
        lines.forEach(rows::add);
      }
    }
    if (rows.isEmpty()) {
      throw new DatasetException(file + " holds no rows; LongBench v2's data.json was expected");
    }
    Set<String> ids = new HashSet<>();
    for (Json row : rows) {
      if (!ids.add(row.text("_id"))) {
        throw row.at("_id").wrong("an id that no other row has", row.text("_id") + " again");
      }
    }
    return rows;
  }

  /**
   * Returns the question that a row asks.
   *
   * @param task {@link #ZERO_SHOT} or {@link #NO_CONTEXT}
   * @param prompts templates by task, with the places $DOC$, $Q$ and $C_A$ to $C_D$
   * @param cut what shortens the prompt, before the chat template is applied
   * @throws DatasetException if a field of the row or the template is missing or wrong
   */
  public static Sample sample(Json row, String task, Json prompts, MiddleCut cut) {
    String answer = row.text("answer");
    if (!CHOICES.contains(answer)) {
      throw row.at("answer").wrong("A, B, C or D", answer);
    }
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
        List.of(answer),
        MAX_NEW_TOKENS,
        Map.of(
            "templates", prompts.has("id") ? prompts.text("id") : "official",
            "domain", row.text("domain"),
            "difficulty", row.text("difficulty"),
            "length", row.text("length"),
            "cut", kept.equals(prompt) ? "no" : "to " + cut.maxTokens() + " tokens"));
  }
}
