package dev.longspan.eval.code;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.longspan.datasets.livecodebench.CodeTests;
import dev.longspan.datasets.livecodebench.CodeTests.CodeTest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Grades programs on contest problems as LiveCodeBench does: a real interpreter, 6 seconds a test,
 * exact comparison, an end at the first failure.
 *
 * <p>The program runs in a {@link Sandbox} and gets inputs only; the expected outputs stay here, so
 * it cannot forge a verdict. Safe for use by as many threads as there are slots.
 */
public final class CodeGrader {
  /** Grace beyond the time limit after which the interpreter is killed from outside. */
  private static final double GRACE_SECONDS = 1;

  private static final ObjectMapper JSON =
      JsonMapper.builder().enable(DeserializationFeature.USE_BIG_INTEGER_FOR_INTS).build();

  private final Sandbox sandbox;
  private final CodeLimits limits;
  private final String runner;

  /** Creates a grader whose programs run in {@code sandbox} under {@code limits}. */
  public CodeGrader(Sandbox sandbox, CodeLimits limits) throws IOException {
    this.sandbox = sandbox;
    this.limits = limits;
    this.runner = Sandbox.resource("runner.py");
  }

  /**
   * Grades one program.
   *
   * @param slot number of the concurrent grading, from 0
   * @param problem what it has to do
   * @param program its source; an empty one fails
   */
  public CodeVerdict grade(int slot, CodeTests problem, String program) throws IOException {
    long start = System.nanoTime();
    // LiveCodeBench's bound on a whole program: a second more than its limit for each test.
    double budget = (limits.secondsPerTest() + 1.0) * problem.tests().size() + 5;
    List<Integer> results = new ArrayList<>();
    String message;
    Process process = sandbox.start(slot, runner, (int) Math.ceil(budget));
    try (ProgramChannel channel = new ProgramChannel(process)) {
      message = run(channel, problem, program, start, budget, results);
    } finally {
      sandbox.kill(process);
    }
    return new CodeVerdict(message == null, results, message, since(start));
  }

  private String run(
      ProgramChannel channel,
      CodeTests problem,
      String program,
      long start,
      double budget,
      List<Integer> results)
      throws IOException {
    Map<String, Object> job = new TreeMap<>();
    job.put("code", program);
    job.put("function", problem.function());
    job.put("seconds", limits.secondsPerTest());
    JsonNode ready = ask(channel, job, start, budget);
    String failure = failure(ready, "the program", start, budget, results);
    for (int i = 0; failure == null && i < problem.tests().size(); i++) {
      CodeTest test = problem.tests().get(i);
      JsonNode reply = ask(channel, Map.of("input", test.input()), start, budget);
      String name = "test " + (i + 1);
      failure = failure(reply, name, start, budget, results);
      if (failure == null) {
        String difference = difference(problem, test, reply);
        int wrong = problem.function() == null ? CodeVerdict.WRONG_ANSWER : CodeVerdict.WRONG_VALUE;
        results.add(difference == null ? CodeVerdict.PASSED : wrong);
        failure = difference == null ? null : name + ": " + difference;
      }
    }
    return failure;
  }

  private JsonNode ask(
      ProgramChannel channel, Map<String, Object> message, long start, double budget)
      throws IOException {
    double patience =
        Math.min(limits.secondsPerTest() + GRACE_SECONDS, Math.max(0, budget - since(start)));
    String line = channel.ask(JSON.writeValueAsString(message), patience);
    if (line == null) {
      return null;
    }
    try {
      return JSON.readTree(line);
    } catch (JsonProcessingException e) {
      return JSON.createObjectNode().put("status", "error").put("error", "unreadable reply");
    }
  }

  /** Returns what went wrong short of a wrong answer, after noting it; null if nothing did. */
  private String failure(
      JsonNode reply, String name, long start, double budget, List<Integer> results) {
    String status = reply == null ? "silent" : reply.path("status").asText();
    switch (status) {
      case "ready", "output", "value":
        return null;
      case "silent", "timeout":
        boolean overall = since(start) >= budget;
        results.add(overall ? CodeVerdict.OVERALL_TIME : CodeVerdict.TIME_LIMIT);
        return name + ": no answer within " + limits.secondsPerTest() + " s";
      default:
        results.add(CodeVerdict.RUNTIME_ERROR);
        return name + ": " + reply.path("error").asText("the interpreter ended");
    }
  }

  private static String difference(CodeTests problem, CodeTest test, JsonNode reply) {
    if (problem.function() == null) {
      return OutputComparison.difference(reply.path("output").asText(), test.output());
    }
    JsonNode expected;
    try {
      expected = JSON.readTree(test.output());
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(
          "the expected output of " + problem.function() + " is not JSON: " + test.output(), e);
    }
    JsonNode actual = reply.path("value");
    return PythonValue.equal(actual, expected)
        ? null
        : "returned " + shorten(actual) + ", expected " + shorten(expected);
  }

  private static String shorten(JsonNode value) {
    String text = value.toString();
    return text.length() <= 80 ? text : text.substring(0, 80) + "...";
  }

  private static double since(long start) {
    return (System.nanoTime() - start) / 1e9;
  }
}
