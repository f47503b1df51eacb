package dev.longspan.eval.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.longspan.eval.Scores;
import dev.longspan.eval.Scores.Score;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * The figures of the InfLLM-V2 paper for a suite, beside ours where data, wording, lengths and
 * numbers of samples are those of the paper; why not, where they are not.
 */
final class Published {
  private static final JsonNode ALL = read();
  private static final String OWN = "own-";

  private final SuiteView view;
  private final List<JsonNode> figures = new ArrayList<>();
  private final List<JsonNode> comparable = new ArrayList<>();
  private final Set<String> reasons = new LinkedHashSet<>();

  private Published(SuiteView view) {
    this.view = view;
  }

  private static JsonNode read() {
    try (InputStream in = Published.class.getResourceAsStream("published.json")) {
      return new ObjectMapper().readTree(in);
    } catch (IOException e) {
      throw new UncheckedIOException("published.json cannot be read from the jar", e);
    }
  }

  static Published of(SuiteView view) {
    Published published = new Published(view);
    Map<String, Set<String>> open = new LinkedHashMap<>();
    for (JsonNode figure : ALL.path("figures")) {
      if (!figure.path("suite").asText().equals(view.name())) {
        continue;
      }
      published.figures.add(figure);
      Score ours = published.ours(figure, view.methods().get(0));
      List<String> differences = published.differences(figure, ours);
      if (!differences.isEmpty()) {
        open.computeIfAbsent(name(figure), name -> new LinkedHashSet<>()).addAll(differences);
      } else if (ours != null) { // A task that was not asked is missing in the scores as well.
        published.comparable.add(figure);
      }
    }
    // The paper has some figures for several versions of the data, of which one is ours.
    published.comparable.forEach(figure -> open.remove(name(figure)));
    open.values().forEach(published.reasons::addAll);
    return published;
  }

  private List<String> differences(JsonNode figure, Score ours) {
    List<String> differences = new ArrayList<>();
    Map<String, String> samples = view.suite().samples();
    if (samples.getOrDefault("data", "").startsWith(OWN)) {
      differences.add("our own samples were asked");
    }
    String wording = samples.getOrDefault("templates", "");
    if (wording.isEmpty()) {
      differences.add("the wording of the prompts is not known");
    } else if (wording.startsWith(OWN)) {
      differences.add("the wording of the prompts is our own");
    }
    if (samples.getOrDefault("haystack", "").contains("generated")) {
      differences.add("needles were hidden in generated prose");
    }
    String evaluator = figure.path("evaluator").asText();
    if (!samples.getOrDefault("evaluator", "").contains(evaluator)) {
      differences.add("the key tokens are not those of " + evaluator);
    }
    int length = figure.path("length").asInt();
    if (!view.lengths().contains(length)) {
      differences.add("no samples of " + Format.count(length) + " tokens were asked");
    }
    int needed = figure.path("samples").asInt();
    if (differences.isEmpty() && ours != null && ours.n() != needed) {
      differences.add(
          name(figure)
              + " has "
              + Format.count(ours.n())
              + " samples instead of "
              + Format.count(needed));
    }
    return differences;
  }

  private Score ours(JsonNode figure, String method) {
    String task = figure.path("task").asText();
    String metric = figure.path("metric").asText();
    if (task.equals(Scores.ALL) && !metric.equals(Scores.MEAN)) {
      return view.figures().stream()
          .filter(score -> score.task().equals(task) && score.metric().equals(metric))
          .filter(score -> score.method().equals(method))
          .findFirst()
          .orElse(null);
    }
    return view.score(task, figure.path("length").asInt(), method);
  }

  private static String name(JsonNode figure) {
    String task = figure.path("task").asText();
    int length = figure.path("length").asInt();
    String name = task.equals(Scores.ALL) ? "the mean of all tasks" : task;
    return name + (length == 0 ? "" : " at " + Format.count(length));
  }

  /** Returns whether the paper has figures of the suite. */
  boolean isEmpty() {
    return figures.isEmpty();
  }

  /** Returns whether any of our figures can be compared. */
  boolean comparable() {
    return !comparable.isEmpty();
  }

  /** Returns the table of what can be compared; the paper's first figures where nothing can. */
  Table table() {
    List<String> header =
        new ArrayList<>(
            List.of(
                "Of",
                "n",
                ALL.path("dense").asText() + ", paper",
                ALL.path("sparse").asText() + ", paper"));
    if (!comparable.isEmpty()) {
      view.methods().forEach(method -> header.add(method + ", here"));
    }
    List<List<String>> rows = new ArrayList<>();
    for (JsonNode figure : comparable.isEmpty() ? figures.subList(0, 1) : comparable) {
      List<String> row = new ArrayList<>(List.of(name(figure)));
      row.add(Format.count(figure.path("samples").asInt()));
      row.add(paper(figure, "dense"));
      row.add(paper(figure, "sparse"));
      if (!comparable.isEmpty()) {
        for (String method : view.methods()) {
          Score ours = ours(figure, method);
          row.add(
              ours == null
                  ? Format.NONE
                  : (view.text(ours.value()) + " " + view.text(ours.ci95())).strip());
        }
      }
      rows.add(row);
    }
    return new Table("l" + "r".repeat(header.size() - 1), header, rows);
  }

  private static String paper(JsonNode figure, String column) {
    return String.format(Locale.ROOT, "%.2f", figure.path(column).asDouble());
  }

  /** Says whose figures they are and what keeps ours from being compared. */
  String note() {
    String source = "Figures of " + ALL.path("source").asText() + ".";
    if (reasons.isEmpty()) {
      return source
          + " Data, wording, lengths and numbers of samples are those of the paper; the models are"
          + " not the same.";
    }
    String what =
        comparable.isEmpty()
            ? "Ours cannot be compared with them: "
            : "Not all of ours can be compared with them: ";
    return source + " " + what + String.join("; ", reasons) + ".";
  }
}
