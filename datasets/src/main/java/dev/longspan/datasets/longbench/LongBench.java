package dev.longspan.datasets.longbench;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.longspan.datasets.DatasetException;
import dev.longspan.datasets.Json;
import dev.longspan.datasets.JsonLines;
import dev.longspan.datasets.Message;
import dev.longspan.datasets.MiddleCut;
import dev.longspan.datasets.Sample;
import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** LongBench's rows, from the official files, and the samples that they make. */
public final class LongBench {
  /** Name of the suite. */
  public static final String SUITE = "longbench";

  private LongBench() {}

  /**
   * Reads one set from a folder in the official layout: {@code <set>.jsonl}, there or in the
   * subfolder {@code data}.
   *
   * @param set name of the set; the ending _e asks for LongBench-E's rows
   * @throws DatasetException if there is no such file, or a row of it is wrong or there twice
   */
  public static List<LongBenchRow> read(Path folder, String set) {
    for (Path file :
        List.of(folder.resolve(set + ".jsonl"), folder.resolve("data").resolve(set + ".jsonl"))) {
      if (Files.exists(file)) {
        try (Stream<Json> rows = JsonLines.read(file)) {
          List<LongBenchRow> result = rows(rows, set.endsWith("_e"));
          if (result.isEmpty()) {
            throw new DatasetException(file + " holds no rows; unpack LongBench's data.zip again");
          }
          return result;
        }
      }
    }
    throw new DatasetException(
        "there is no "
            + set
            + ".jsonl in "
            + folder
            + " or its folder data; unpack LongBench's"
            + " data.zip and name the folder that holds it");
  }

  /** Returns a few rows of our own, in English, Chinese and code, of fourteen of the sets. */
  public static List<LongBenchRow> own() {
    Path name = Path.of("samples.jsonl");
    InputStream in = LongBench.class.getResourceAsStream(name.toString());
    BufferedReader reader = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
    try (Stream<Json> rows = JsonLines.read(name, reader)) {
      return rows(rows, false);
    }
  }

  /**
   * Returns what rows of any origin hold.
   *
   * @param extended whether they are of LongBench-E
   * @throws DatasetException if a row is wrong, or there twice
   */
  public static List<LongBenchRow> rows(Stream<Json> rows, boolean extended) {
    List<LongBenchRow> result = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    for (Json row : (Iterable<Json>) rows::iterator) {
      LongBenchRow next = LongBenchRow.of(row, extended);
      if (!seen.add(next.set() + "/" + next.id())) {
        throw row.at("_id")
            .wrong("an id that no other row of " + next.set() + " has", next.id() + " again");
      }
      result.add(next);
    }
    return result;
  }

  /**
   * Returns the question that a row asks.
   *
   * <p>Sets that are not asked through the chat template have no messages: their prompt is the
   * answer prefix.
   *
   * @param cut what shortens the prompt, before the chat template is applied
   */
  public static Sample sample(LongBenchRow row, LongBenchPrompts prompts, MiddleCut cut) {
    String whole = prompts.fill(row);
    String prompt = cut.apply(whole);
    Map<String, String> info = new HashMap<>();
    info.put("templates", prompts.id());
    info.put("language", row.task().language());
    info.put("length", String.valueOf(row.length()));
    info.put("cut", prompt.equals(whole) ? "no" : "to " + cut.maxTokens() + " tokens");
    if (!row.classes().isEmpty()) {
      ArrayNode classes = JsonNodeFactory.instance.arrayNode();
      row.classes().forEach(classes::add);
      info.put("all_classes", classes.toString());
    }
    boolean chat = row.task().chat();
    return new Sample(
        SUITE,
        row.set(),
        0,
        row.id(),
        chat ? List.of(Message.user(prompt)) : List.of(),
        chat ? "" : prompt,
        row.answers(),
        prompts.maxNewTokens(row.task()),
        info);
  }
}
