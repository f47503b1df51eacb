package dev.longspan.datasets.livecodebench;

import dev.longspan.datasets.Json;
import dev.longspan.datasets.Message;
import dev.longspan.datasets.MiddleCut;
import dev.longspan.datasets.RowSuite;
import dev.longspan.datasets.Sample;
import dev.longspan.datasets.SampleName;
import dev.longspan.datasets.SourceRow;
import dev.longspan.datasets.Templates;
import dev.longspan.datasets.livecodebench.CodeTests.CodeTest;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * LiveCodeBench (Jain et al. 2025), its code generation: contest problems with their tests, in the
 * layout of its releases.
 *
 * @param prompts the wording: {@code system}, which may be missing, and {@code stdin} and {@code
 *     functional} with the places {@code {question}} and {@code {starter_code}}
 * @param releases which increments are asked
 * @param from first day of the window, or null for no bound: windows guard against problems that a
 *     model was trained on
 * @param to last day, of which only contests at 00:00 count, as in the official window; or null
 * @param maxNewTokens limit of an answer in tokens, thinking included; null for the official 2,000,
 *     and 512 for our own problems
 */
public record LiveCodeBench(
    Templates prompts, Releases releases, LocalDate from, LocalDate to, Integer maxNewTokens)
    implements RowSuite {
  /** Name of the suite. */
  public static final String SUITE = "livecodebench";

  /** Version of the samples. */
  public static final String VERSION = "1";

  /** The only task. */
  public static final String TASK = "codegeneration";

  private static final int MAX_NEW_TOKENS = 2000;
  private static final int OWN_NEW_TOKENS = 512;

  /** Returns our own wording. */
  public static Templates ownPrompts() {
    return Templates.own(LiveCodeBench.class, "prompts.json");
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
    return List.of(TASK);
  }

  /** Returns a dozen problems, in English and Chinese, for standard input and for methods. */
  @Override
  public List<SourceRow> own() {
    return SourceRow.resource(LiveCodeBench.class, "samples.jsonl");
  }

  @Override
  public List<SampleName> names(SourceRow row) {
    LocalDateTime date = date(row.json());
    for (String field : List.of("question_title", "question_content", "platform", "difficulty")) {
      row.json().text(field);
    }
    function(row.json());
    boolean early = from != null && date.isBefore(from.atStartOfDay());
    boolean late = to != null && date.isAfter(to.atStartOfDay());
    boolean own = row.json().text("platform").equals(OWN);
    return early || late || !own && !releases.wants(row.file())
        ? List.of()
        : List.of(new SampleName(TASK, row.json().text("question_id")));
  }

  @Override
  public Sample sample(SourceRow row, String task, MiddleCut cut) {
    Json json = row.json();
    String starter = json.text("starter_code");
    String prompt =
        prompts
            .text(starter.isBlank() ? "stdin" : "functional")
            // The statement last: what it holds is not searched for places.
            .replace("{starter_code}", starter)
            .replace("{question}", json.text("question_content"));
    List<Message> messages = new ArrayList<>();
    if (prompts.root().has("system")) {
      messages.add(new Message("system", prompts.text("system")));
    }
    messages.add(Message.user(prompt));
    List<CodeTest> tests = new ArrayList<>(tests(json, "public_test_cases"));
    tests.addAll(tests(json, "private_test_cases"));
    if (tests.isEmpty()) {
      throw json.at("private_test_cases").wrong("tests here or in public_test_cases", "none");
    }
    String platform = json.text("platform");
    int usual = platform.equals(OWN) ? OWN_NEW_TOKENS : MAX_NEW_TOKENS;
    return new Sample(
        SUITE,
        task,
        0,
        json.text("question_id"),
        messages,
        "",
        List.of(new CodeTests(function(json), tests).pack()),
        maxNewTokens == null ? usual : maxNewTokens,
        Map.of(
            "templates", prompts.id(),
            "title", json.text("question_title"),
            "platform", platform,
            "difficulty", json.text("difficulty"),
            "contest_date", date(json).toString(),
            "tests", String.valueOf(tests.size())));
  }

  private static LocalDateTime date(Json row) {
    String text = row.text("contest_date");
    try {
      return LocalDateTime.parse(text);
    } catch (DateTimeException e) {
      throw row.at("contest_date").wrong("a time like 2024-08-31T00:00:00", text);
    }
  }

  private static String function(Json row) {
    Json metadata = row.embedded("metadata");
    return metadata.has("func_name") ? metadata.text("func_name") : null;
  }

  private static List<CodeTest> tests(Json row, String field) {
    String stored = row.text(field);
    Json plain;
    // A list of tests starts with a bracket, which base64 never does.
    if (stored.stripLeading().startsWith("[")) {
      plain = row.embedded(field);
    } else {
      try {
        plain = Json.parse("the tests in " + field, PrivateTests.decode(stored));
      } catch (IllegalArgumentException e) {
        throw row.at(field).wrong("JSON, or the releases' packed form of it", e.getMessage());
      }
    }
    return plain.elements().stream()
        .map(test -> new CodeTest(test.text("input"), test.text("output")))
        .toList();
  }
}
