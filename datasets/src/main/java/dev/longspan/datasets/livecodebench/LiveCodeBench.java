package dev.longspan.datasets.livecodebench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.longspan.datasets.livecodebench.CodeProblem.CodeTest;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Reads LiveCodeBench's code generation problems in the layout of its releases. */
public final class LiveCodeBench {
  private static final ObjectMapper JSON = new ObjectMapper();

  private LiveCodeBench() {}

  /**
   * Returns the problems of a JSON Lines file.
   *
   * @throws IllegalArgumentException if a row is malformed or an id occurs twice; names file, line
   *     and field
   */
  public static List<CodeProblem> read(Path file) throws IOException {
    List<CodeProblem> problems = new ArrayList<>();
    Set<String> ids = new HashSet<>();
    try (BufferedReader lines = Files.newBufferedReader(file)) {
      int number = 0;
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        number++;
        if (line.isBlank()) {
          continue;
        }
        CodeProblem problem;
        try {
          problem = parse(line);
        } catch (IllegalArgumentException e) {
          throw new IllegalArgumentException(file + ", line " + number + ": " + e.getMessage(), e);
        }
        if (!ids.add(problem.id())) {
          throw new IllegalArgumentException(
              file + ", line " + number + ": question_id '" + problem.id() + "' occurs twice");
        }
        problems.add(problem);
      }
    }
    return problems;
  }

  /**
   * Returns the problems published in a window.
   *
   * @param from first day, or null for no bound
   * @param to last day, of which only contests at 00:00 count, as in the official window; or null
   */
  public static List<CodeProblem> window(List<CodeProblem> problems, LocalDate from, LocalDate to) {
    return problems.stream()
        .filter(p -> from == null || !p.contestDate().isBefore(from.atStartOfDay()))
        .filter(p -> to == null || !p.contestDate().isAfter(to.atStartOfDay()))
        .toList();
  }

  private static CodeProblem parse(String line) {
    JsonNode row = json("row", line);
    JsonNode metadata = json("metadata", text(row, "metadata"));
    List<CodeTest> tests = new ArrayList<>(tests("public_test_cases", row));
    tests.addAll(tests("private_test_cases", row));
    if (tests.isEmpty()) {
      throw new IllegalArgumentException("public_test_cases and private_test_cases are both empty");
    }
    LocalDateTime date;
    try {
      date = LocalDateTime.parse(text(row, "contest_date"));
    } catch (DateTimeException e) {
      throw new IllegalArgumentException(
          "contest_date '" + text(row, "contest_date") + "' is not like 2024-08-31T00:00:00", e);
    }
    JsonNode function = metadata.get("func_name");
    return new CodeProblem(
        text(row, "question_id"),
        text(row, "question_title"),
        text(row, "question_content"),
        text(row, "platform"),
        date,
        text(row, "difficulty"),
        text(row, "starter_code"),
        function == null || function.isNull() ? null : function.asText(),
        List.copyOf(tests));
  }

  private static List<CodeTest> tests(String field, JsonNode row) {
    String stored = text(row, field);
    String plain;
    try {
      // A decoded list starts with a bracket, which base64 never does.
      plain = stored.stripLeading().startsWith("[") ? stored : PrivateTests.decode(stored);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(field + ": " + e.getMessage(), e);
    }
    List<CodeTest> tests = new ArrayList<>();
    for (JsonNode test : json(field, plain)) {
      tests.add(new CodeTest(text(test, "input"), text(test, "output")));
    }
    return tests;
  }

  private static String text(JsonNode row, String field) {
    JsonNode value = row.get(field);
    if (value == null || !value.isTextual()) {
      throw new IllegalArgumentException(
          field
              + (value == null ? " is missing" : " is " + value.getNodeType() + ", not a string"));
    }
    return value.textValue();
  }

  private static JsonNode json(String field, String text) {
    try {
      return JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(field + " is not JSON: " + e.getOriginalMessage(), e);
    }
  }
}
