package dev.longspan.datasets.aime;

import dev.longspan.datasets.DatasetException;
import dev.longspan.datasets.Json;
import dev.longspan.datasets.Message;
import dev.longspan.datasets.MiddleCut;
import dev.longspan.datasets.RowSuite;
import dev.longspan.datasets.Sample;
import dev.longspan.datasets.SampleName;
import dev.longspan.datasets.SourceRow;
import dev.longspan.datasets.Templates;
import java.math.BigDecimal;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * AIME: problems whose answers are whole numbers from 0 to 999, in any of the layouts in use.
 *
 * <p>A row holds its text in {@code problem}, {@code question} or {@code origin_prompt}, its answer
 * in {@code answer}, {@code expected_answer} or {@code gold_answer}, as a number or as a text
 * ("73", "073" and "73.0" are the same), and may hold a name in {@code id}, {@code ID} or {@code
 * problem_idx}. Without a name it is called by its place in the file, from 0. The year, and with it
 * the task, is told by the path of the file, such as {@code aime_2024/train.parquet}, or else by
 * the row's {@code year}.
 *
 * @param prompts the wording: {@code prompt} with the place {@code {problem}}
 * @param maxNewTokens limit of an answer in tokens, thinking included; null for the usual 32,768,
 *     and 512 for our own problems
 */
public record Aime(Templates prompts, Integer maxNewTokens) implements RowSuite {
  /** Name of the suite. */
  public static final String SUITE = "aime";

  /** Version of the samples. */
  public static final String VERSION = "1";

  /** Tasks of the years. */
  public static final List<String> YEARS = List.of("aime24", "aime25");

  private static final int MAX_NEW_TOKENS = 32_768;
  private static final int OWN_NEW_TOKENS = 512;
  private static final String OWN_FILE = "samples.jsonl";
  private static final String PLACE = "{problem}";
  private static final Pattern YEAR = Pattern.compile("(?i)aime\\D{0,3}(?:20)?(\\d\\d)(?!\\d)");
  private static final List<String> PROBLEM = List.of("problem", "question", "origin_prompt");
  private static final List<String> ANSWER = List.of("answer", "expected_answer", "gold_answer");
  private static final List<String> ID = List.of("id", "ID", "problem_idx");

  /** Checks that the wording has a place for the problem. */
  public Aime {
    if (!prompts.text("prompt").contains(PLACE)) {
      throw new DatasetException(
          "the prompt of AIME in %s has no place %s for the problem: %s"
              .formatted(prompts.id(), PLACE, prompts.text("prompt")));
    }
  }

  /** Returns our own wording. */
  public static Templates ownPrompts() {
    return Templates.own(Aime.class, "prompts.json");
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
    return List.of(YEARS.get(0), YEARS.get(1), OWN);
  }

  /** Returns a dozen problems of a lower difficulty, in English and Chinese. */
  @Override
  public List<SourceRow> own() {
    return SourceRow.resource(Aime.class, OWN_FILE);
  }

  @Override
  public List<SampleName> names(SourceRow row) {
    row.json().text(field(row.json(), PROBLEM));
    answer(row.json());
    String name = ID.stream().filter(row.json()::has).findFirst().orElse(null);
    String id = name == null ? String.valueOf(row.index()) : row.json().textOrNumber(name);
    return List.of(new SampleName(task(row), id));
  }

  private String task(SourceRow row) {
    if (row.file().equals(OWN_FILE)) {
      return OWN;
    }
    String year = null;
    Matcher named = YEAR.matcher(row.file());
    while (named.find()) {
      year = named.group(1);
    }
    if (year == null && row.json().has("year")) {
      String whole = row.json().textOrNumber("year");
      year = whole.substring(Math.max(0, whole.length() - 2));
    }
    String task = "aime" + year;
    if (!YEARS.contains(task)) {
      throw row.json()
          .at("year")
          .wrong(
              "the year 2024 or 2025 here, or in the name of the file, such as aime24.jsonl",
              year == null ? "neither" : year);
    }
    return task;
  }

  @Override
  public Sample sample(SourceRow row, String task, MiddleCut cut) {
    Map<String, String> info = new HashMap<>();
    info.put("templates", prompts.id());
    if (row.json().has("url")) {
      info.put("url", row.json().text("url"));
    }
    String problem = row.json().text(field(row.json(), PROBLEM));
    int usual = task.equals(OWN) ? OWN_NEW_TOKENS : MAX_NEW_TOKENS;
    return new Sample(
        SUITE,
        task,
        0,
        names(row).get(0).id(),
        List.of(Message.user(prompts.text("prompt").replace(PLACE, problem))),
        "",
        List.of(String.valueOf(answer(row.json()))),
        maxNewTokens == null ? usual : maxNewTokens,
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
