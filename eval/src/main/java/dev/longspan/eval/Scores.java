package dev.longspan.eval;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.longspan.eval.stats.Interval;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Everything that was scored in a run: the content of {@code scores.json}.
 *
 * @param suites what was asked and how it was scored
 * @param runs what each method did on each suite, in counts
 * @param scores values of one method
 * @param paired differences of a method to the baseline on the same samples
 */
public record Scores(List<Suite> suites, List<Run> runs, List<Score> scores, List<Paired> paired) {
  /** The task of a value over all tasks. */
  public static final String ALL = "all";

  /** The length of a value over all lengths. */
  public static final int ALL_LENGTHS = 0;

  /** Metric of a value that is the unweighted mean of its tasks. */
  public static final String MEAN = "mean";

  /** Metric: mean over lengths of the mean over tasks. */
  public static final String AVERAGE = "average";

  /** Metric: average in which the n-th shortest length weighs n. */
  public static final String AVERAGE_INCREASING = "average_increasing";

  /** Metric: average in which the n-th longest length weighs n. */
  public static final String AVERAGE_DECREASING = "average_decreasing";

  /** Metric: longest length up to which every length passes the suite's threshold; 0 if none. */
  public static final String EFFECTIVE_LENGTH = "effective_length";

  /** Metric: value of the method in percent of the baseline's, on the same samples. */
  public static final String RETENTION = "retention";

  /** Metric: e to the power of the mean loss of all tokens; lower is better. */
  public static final String PERPLEXITY = "perplexity";

  /** Metric: median over the answers of prompt tokens by the time spent on them. */
  public static final String PREFILL_RATE = "prefill_tokens_per_second";

  /** Metric: median over the answers of tokens after the first by the time they took. */
  public static final String DECODE_RATE = "decode_tokens_per_second";

  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .serializationInclusion(JsonInclude.Include.NON_NULL)
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .build();

  /** Checks that nothing is missing and freezes the lists. */
  public Scores {
    suites = suites == null ? List.of() : List.copyOf(suites); // Older files have none.
    runs = List.copyOf(Objects.requireNonNull(runs, "runs"));
    scores = List.copyOf(Objects.requireNonNull(scores, "scores"));
    paired = List.copyOf(Objects.requireNonNull(paired, "paired"));
  }

  /**
   * What was asked of one suite and how it was scored.
   *
   * @param suite benchmark
   * @param scorer version of the scoring
   * @param better {@code higher} or {@code lower}: which values are
   * @param tasks those with samples, in the suite's order
   * @param settings variants of the scoring in use, such as the dictionary
   * @param samples where they come from: their version, data and wording
   */
  public record Suite(
      String suite,
      String scorer,
      String better,
      List<String> tasks,
      Map<String, String> settings,
      Map<String, String> samples) {}

  /**
   * What one method did on one suite.
   *
   * <p>{@code rows = answers + errors + duplicates + unmatched}, and every one of {@code samples}
   * has a row or is {@code missing}.
   *
   * @param suite benchmark
   * @param method attention method
   * @param baseline whether the other methods are compared with this one
   * @param samples samples of the suite
   * @param missing samples without any row; they enter no value
   * @param rows generations found
   * @param answers rows that were scored
   * @param errors rows that failed; they score 0, or are left out of a perplexity
   * @param nulls answers that are empty after post-processing
   * @param duplicates rows left out because the sample's attempt has another one
   * @param unmatched rows left out because their sample is not there
   * @param promptTokens prompt tokens of the answers
   * @param newTokens tokens generated
   * @param finishReasons rows by finish reason
   * @param warnings what the counts above mean, with the first few names; may be empty
   */
  public record Run(
      String suite,
      String method,
      boolean baseline,
      int samples,
      int missing,
      int rows,
      int answers,
      int errors,
      int nulls,
      int duplicates,
      int unmatched,
      long promptTokens,
      long newTokens,
      Map<String, Integer> finishReasons,
      List<String> warnings) {}

  /**
   * One value of one method.
   *
   * @param suite benchmark
   * @param task task, or {@link #ALL}
   * @param length length in tokens, or {@link #ALL_LENGTHS}
   * @param method attention method
   * @param metric name of the metric; scores are percentages, or perplexities
   * @param value the value; null if no sample, or for a mean not every part of it, has a row
   * @param n samples in it; for rates the answers, for the effective length the lengths
   * @param stderr standard error; null where there is none
   * @param ci95 95 % interval; null where there is none
   * @param errors rows that failed; null for metrics they do not enter
   * @param nulls answers that are empty; null for metrics they do not enter
   * @param missing samples without any row; null for metrics that do not count them
   * @param source where the text of the samples comes from; null if they do not say
   */
  public record Score(
      String suite,
      String task,
      int length,
      String method,
      String metric,
      Double value,
      int n,
      Double stderr,
      Interval ci95,
      Integer errors,
      Integer nulls,
      Integer missing,
      String source) {}

  /**
   * The difference of a method to the baseline on the samples that both have rows for.
   *
   * @param suite benchmark
   * @param task task, or {@link #ALL}
   * @param length length in tokens, or {@link #ALL_LENGTHS}
   * @param method attention method
   * @param baseline the method it is compared with
   * @param metric name of the metric
   * @param delta value of the method less value of the baseline, in points where they are
   *     percentages
   * @param ci95 95 % interval of {@code delta}; null for fewer than two samples
   * @param p of the test alone
   * @param pHolm p after Holm's correction over the family
   * @param verdict {@code better}, {@code worse}, {@code no difference shown} or {@code too few
   *     samples}
   * @param n samples compared
   * @param wins samples that the method did better on
   * @param losses samples that it did worse on
   * @param mdd smallest true difference that a test of this size finds four times in five; null
   *     where the differences do not vary
   * @param test name of the test
   * @param family tests that Holm's correction spans
   */
  public record Paired(
      String suite,
      String task,
      int length,
      String method,
      String baseline,
      String metric,
      double delta,
      Interval ci95,
      double p,
      double pHolm,
      String verdict,
      int n,
      int wins,
      int losses,
      Double mdd,
      String test,
      int family) {}

  /** Writes the file, one row a line so that two runs can be compared with diff. */
  public void write(Path file) throws IOException {
    StringBuilder out = new StringBuilder("{\n");
    append(out, "suites", suites).append(",\n");
    append(out, "runs", runs).append(",\n");
    append(out, "scores", scores).append(",\n");
    append(out, "paired", paired).append("\n}\n");
    Files.writeString(file, out);
  }

  private static StringBuilder append(StringBuilder out, String name, List<?> rows)
      throws JsonProcessingException {
    out.append("  \"").append(name).append("\": [");
    String separator = "\n    ";
    for (Object row : rows) {
      out.append(separator).append(JSON.writeValueAsString(row));
      separator = ",\n    ";
    }
    return out.append(rows.isEmpty() ? "]" : "\n  ]");
  }

  /**
   * Reads a file that {@link #write} wrote; fields it does not know are skipped.
   *
   * @throws IllegalArgumentException if the content is not that of a scores file
   */
  public static Scores read(Path file) throws IOException {
    try {
      return JSON.readValue(Files.readString(file), Scores.class);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(file + " is not a scores file: " + reason(e), e);
    }
  }

  private static String reason(JsonProcessingException e) {
    // What follows "(for " is where the parser came from; the line is what a reader needs.
    String what = e.getOriginalMessage().replaceFirst(" \\(for .*", "");
    String line = e.getLocation() == null ? "" : " in line " + e.getLocation().getLineNr();
    return what + line + "; score the run again to rewrite it";
  }
}
