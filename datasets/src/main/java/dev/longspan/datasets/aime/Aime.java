package dev.longspan.datasets.aime;

import dev.longspan.datasets.DatasetException;
import dev.longspan.datasets.Json;
import dev.longspan.datasets.JsonLines;
import dev.longspan.datasets.Message;
import dev.longspan.datasets.Sample;
import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The problems of one or several years, from files in any of the layouts in use. */
public final class Aime {
  /** Name of the suite. */
  public static final String SUITE = "aime";

  /**
   * Our own wording: the problem, then what form the answer should have. The place is {@code
   * {problem}}.
   */
  public static final String PROMPT =
      "{problem}\n\nSolve the problem step by step. The answer is a whole number from 0 to 999;"
          + " end with it, in the form \\boxed{42}.";

  private static final String PLACE = "{problem}";
  private static final List<String> PROBLEM = List.of("problem", "question", "origin_prompt");
  private static final List<String> ANSWER = List.of("answer", "expected_answer", "gold_answer");
  private static final List<String> ID = List.of("id", "ID", "problem_idx");

  private Aime() {}

  /**
   * Returns the questions in a file of one JSON object a line.
   *
   * <p>A row holds its text in {@code problem}, {@code question} or {@code origin_prompt}, its
   * answer in {@code answer}, {@code expected_answer} or {@code gold_answer}, as a number or as a
   * text ("73", "073" and "73.0" are the same), and may hold a name in {@code id}, {@code ID} or
   * {@code problem_idx}. Without a name it is called by its place in the file, from 0.
   *
   * @param task what the problems are called in results, for example {@code aime24}
   * @param prompt template with the place {@code {problem}}
   * @param maxNewTokens limit of an answer in tokens, thinking included
   * @throws DatasetException if a row is wrong, or two have the same name
   */
  public static List<Sample> read(Path file, String task, String prompt, int maxNewTokens) {
    if (!prompt.contains(PLACE)) {
      throw new DatasetException(
          "the prompt template of AIME has no place " + PLACE + " for the problem: " + prompt);
    }
    try (Stream<Json> rows = JsonLines.read(file)) {
      List<Sample> samples = samples(rows, task, prompt, maxNewTokens);
      if (samples.isEmpty()) {
        throw new DatasetException(
            file + " holds no problems; one JSON object a line was expected");
      }
      return samples;
    }
  }

  /** Returns a dozen problems of our own, of a lower difficulty. */
  public static List<Sample> own(int maxNewTokens) {
    Path name = Path.of("samples.jsonl");
    InputStream in = Aime.class.getResourceAsStream(name.toString());
    BufferedReader reader = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
    try (Stream<Json> rows = JsonLines.read(name, reader)) {
      return samples(rows, "own", PROMPT, maxNewTokens);
    }
  }

  private static List<Sample> samples(
      Stream<Json> rows, String task, String prompt, int maxNewTokens) {
    Map<String, Sample> samples = new LinkedHashMap<>();
    for (Json row : (Iterable<Json>) rows::iterator) {
      Sample sample = sample(row, samples.size(), task, prompt, maxNewTokens);
      if (samples.put(sample.id(), sample) != null) {
        throw row.at("id").wrong("an id that no other row has", sample.id() + " again");
      }
    }
    return List.copyOf(samples.values());
  }

  private static Sample sample(Json row, int index, String task, String prompt, int maxNewTokens) {
    String problem = row.text(field(row, PROBLEM));
    String name = ID.stream().filter(row::has).findFirst().orElse(null);
    Map<String, String> info = new HashMap<>();
    info.put("templates", prompt.equals(PROMPT) ? "own-v1" : "given");
    if (row.has("url")) {
      info.put("url", row.text("url"));
    }
    return new Sample(
        SUITE,
        task,
        0,
        name == null ? String.valueOf(index) : row.textOrNumber(name),
        List.of(Message.user(prompt.replace(PLACE, problem))),
        "",
        List.of(String.valueOf(answer(row))),
        maxNewTokens,
        info);
  }

  private static String field(Json row, List<String> names) {
    return names.stream()
        .filter(row::has)
        .findFirst()
        .orElseThrow(
            () ->
                row.at(names.get(0))
                    .wrong("a value here or in " + names.subList(1, names.size()), "nothing"));
  }

  private static int answer(Json row) {
    String field = field(row, ANSWER);
    String value = row.textOrNumber(field);
    try {
      int number = new BigDecimal(value.strip()).intValueExact();
      if (number >= 0 && number <= 999) {
        return number;
      }
    } catch (ArithmeticException | NumberFormatException ignored) {
      // Said below.
    }
    throw row.at(field).wrong("a whole number from 0 to 999", value);
  }
}
