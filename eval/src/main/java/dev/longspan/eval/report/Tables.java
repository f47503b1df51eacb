package dev.longspan.eval.report;

import dev.longspan.eval.Generation;
import dev.longspan.eval.Scores;
import dev.longspan.eval.Scores.Paired;
import dev.longspan.eval.Scores.Run;
import dev.longspan.eval.Scores.Score;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** The tables of the report. */
final class Tables {
  private static final int ERRORS = 50;
  private static final int MESSAGE = 300;

  private Tables() {}

  /** One row for each suite: the value of every method and what keeps it from being one. */
  static Table overview(List<SuiteView> views) {
    List<String> methods =
        views.stream().flatMap(view -> view.methods().stream()).distinct().toList();
    List<String> header = new ArrayList<>(List.of("Suite", "Samples", "of", "Value"));
    for (String method : methods) {
      header.add(method);
      header.add("95 %");
    }
    header.addAll(List.of("Verdict", "Errors", "Missing"));
    List<List<String>> rows = new ArrayList<>();
    for (SuiteView view : views) {
      int length = view.hasLengths() ? view.longest() : 0;
      String what = view.percent() ? "mean of tasks" : "perplexity";
      List<String> row = new ArrayList<>(List.of(view.name()));
      row.add(Format.count(view.runs().get(0).samples()));
      Map<String, String> origin = view.suite().samples();
      row.add(origin.getOrDefault("data", origin.getOrDefault("haystack", "")).split(",")[0]);
      row.add(what + (length == 0 ? "" : " at " + Format.count(length)));
      for (String method : methods) {
        Score mean = view.metric(Scores.MEAN, length, method);
        row.add(mean == null ? Format.NONE : view.text(mean.value()));
        row.add(mean == null ? "" : view.text(mean.ci95()));
      }
      row.add(
          view.compared().stream()
              .map(method -> view.pair(Scores.ALL, length, method))
              .map(pair -> pair == null ? Format.NONE : pair.verdict())
              .collect(Collectors.joining(" / ")));
      row.add(Format.count(view.runs().stream().mapToInt(Run::errors).sum()));
      row.add(Format.count(view.runs().stream().mapToInt(Run::missing).sum()));
      rows.add(row);
    }
    return new Table("lrll" + "rr".repeat(methods.size()) + "lrr", header, rows);
  }

  /** One row for each method: averages, effective length, and what it takes and keeps. */
  static Table summary(SuiteView view) {
    boolean compared = !view.compared().isEmpty();
    boolean lengths = view.hasLengths();
    List<String> header = new ArrayList<>(List.of("Method"));
    if (lengths) {
      header.addAll(
          List.of("Average", "95 %", "Weighted to long", "Weighted to short", "Effective length"));
    } else {
      header.addAll(List.of(view.percent() ? "Mean" : "LongPPL", "95 %"));
    }
    String at = lengths ? " at " + Format.count(view.longest()) : "";
    if (compared && view.percent()) {
      header.addAll(List.of("Keeps" + at, "95 %"));
    }
    if (compared) {
      header.addAll(List.of("Prefill" + at, "Decode" + at));
    }
    List<List<String>> rows = new ArrayList<>();
    for (String method : view.methods()) {
      List<String> row = new ArrayList<>(List.of(method));
      Score average =
          view.metric(lengths ? Scores.AVERAGE : Scores.MEAN, Scores.ALL_LENGTHS, method);
      row.add(average == null ? Format.NONE : view.text(average.value()));
      row.add(average == null ? "" : view.text(average.ci95()));
      if (lengths) {
        row.add(Format.score(view.value(Scores.AVERAGE_INCREASING, 0, method)));
        row.add(Format.score(view.value(Scores.AVERAGE_DECREASING, 0, method)));
        row.add(view.effective(method));
      }
      if (compared) {
        Score kept = view.metric(Scores.RETENTION, view.longest(), method);
        boolean baseline = method.equals(view.baseline());
        if (view.percent()) {
          row.add(baseline ? "baseline" : kept == null ? "–" : Format.score(kept.value()) + " %");
          row.add(kept == null ? "" : Format.interval(kept.ci95()));
        }
        row.add(speed(view, Scores.PREFILL_RATE, method));
        row.add(speed(view, Scores.DECODE_RATE, method));
      }
      rows.add(row);
    }
    return new Table("l" + "r".repeat(header.size() - 1), header, rows);
  }

  private static String speed(SuiteView view, String rate, String method) {
    boolean measured = !Double.isNaN(view.value(rate, view.longest(), method));
    return method.equals(view.baseline()) && measured
        ? "1×"
        : Format.times(view.speedup(rate, view.longest(), method));
  }

  /** Scores of one method by task and length, the mean last. */
  static Table scores(SuiteView view, String method) {
    List<String> header = new ArrayList<>(List.of("Task"));
    view.lengths().forEach(length -> header.add(length == 0 ? "Score" : Format.count(length)));
    List<List<String>> rows = new ArrayList<>();
    List<String> tasks = new ArrayList<>(view.tasks());
    tasks.add(Scores.ALL);
    for (String task : tasks) {
      List<String> row = new ArrayList<>(List.of(task.equals(Scores.ALL) ? "mean" : task));
      for (int length : view.lengths()) {
        Score score = view.score(task, length, method);
        if (score == null) {
          row.add("");
        } else {
          row.add((view.text(score.value()) + " " + view.text(score.ci95())).strip());
        }
      }
      rows.add(row);
    }
    return new Table("l" + "r".repeat(header.size() - 1), header, rows);
  }

  /** Retention and rates by length for every method. */
  static Table byLength(SuiteView view) {
    List<List<String>> rows = new ArrayList<>();
    for (int length : view.lengths()) {
      for (String method : view.methods()) {
        Score mean = view.metric(Scores.MEAN, length, method);
        Score kept = view.metric(Scores.RETENTION, length, method);
        boolean compared = view.compared().contains(method);
        rows.add(
            List.of(
                length == 0 ? Format.NONE : Format.count(length),
                method,
                mean == null ? Format.NONE : view.text(mean.value()),
                mean == null ? "" : view.text(mean.ci95()),
                kept == null ? "" : Format.score(kept.value()) + " %",
                kept == null ? "" : Format.interval(kept.ci95()),
                Format.rate(view.value(Scores.PREFILL_RATE, length, method)),
                compared ? Format.times(view.speedup(Scores.PREFILL_RATE, length, method)) : "",
                Format.rate(view.value(Scores.DECODE_RATE, length, method)),
                compared ? Format.times(view.speedup(Scores.DECODE_RATE, length, method)) : ""));
      }
    }
    return new Table(
        "rlrrrrrrrr",
        List.of(
            "Length",
            "Method",
            "Mean",
            "95 %",
            "Keeps",
            "95 %",
            "Prefill tokens/s",
            "ratio",
            "Decode tokens/s",
            "ratio"),
        rows);
  }

  /** The figures that only this suite has, one row for each and a column for each method. */
  static Table figures(SuiteView view) {
    Map<List<String>, Map<String, Score>> grouped = new LinkedHashMap<>();
    for (Score figure : view.figures()) {
      String task = figure.task().equals(Scores.ALL) ? "all tasks" : figure.task();
      grouped
          .computeIfAbsent(List.of(task, figure.metric()), key -> new HashMap<>())
          .put(figure.method(), figure);
    }
    List<String> header = new ArrayList<>(List.of("Of", "Figure", "n"));
    header.addAll(view.methods());
    List<List<String>> rows = new ArrayList<>();
    grouped.forEach(
        (key, byMethod) -> {
          List<String> row = new ArrayList<>(key);
          row.add(Format.count(byMethod.values().iterator().next().n()));
          for (String method : view.methods()) {
            Score figure = byMethod.get(method);
            row.add(figure == null ? Format.NONE : withInterval(figure));
          }
          rows.add(row);
        });
    return new Table("ll" + "r".repeat(header.size() - 2), header, rows);
  }

  private static String withInterval(Score figure) {
    String text =
        figure.metric().equals(Scores.PERPLEXITY)
            ? Format.perplexity(figure.value()) + " " + Format.interval(figure.ci95(), 3)
            : Format.score(figure.value()) + " " + Format.interval(figure.ci95());
    return text.strip();
  }

  /** The given comparisons. */
  static Table paired(SuiteView view, List<Paired> pairs) {
    List<List<String>> rows = new ArrayList<>();
    for (Paired pair : pairs) {
      rows.add(
          List.of(
              pair.task().equals(Scores.ALL) ? "all tasks" : pair.task(),
              pair.length() == 0 ? "all" : Format.count(pair.length()),
              pair.method(),
              Format.count(pair.n()),
              "+" + pair.wins() + " −" + pair.losses(),
              view.signed(pair.delta()),
              view.signed(pair.ci95()),
              Format.p(pair.p()),
              Format.p(pair.pHolm()),
              pair.mdd() == null ? Format.NONE : view.text(pair.mdd()),
              pair.verdict()));
    }
    return new Table(
        "lrlrrrrrrrl",
        List.of(
            "Task",
            "Length",
            "Method",
            "n",
            "Samples",
            "Difference",
            "95 %",
            "p",
            "p Holm",
            "Detectable",
            "Verdict"),
        rows);
  }

  /** What became of the rows of each method. */
  static Table counts(SuiteView view) {
    TreeSet<String> reasons = new TreeSet<>();
    view.runs().forEach(run -> reasons.addAll(run.finishReasons().keySet()));
    reasons.remove("error");
    List<String> header = new ArrayList<>(List.of("Method", "Samples", "Rows", "Answers"));
    reasons.forEach(reason -> header.add(reason.equals("length") ? "cut at limit" : reason));
    header.addAll(List.of("Empty", "Errors", "Missing", "Left out", "Prompt tokens", "New tokens"));
    List<List<String>> rows = new ArrayList<>();
    for (Run run : view.runs()) {
      List<String> row = new ArrayList<>(List.of(run.method()));
      row.add(Format.count(run.samples()));
      row.add(Format.count(run.rows()));
      row.add(Format.count(run.answers()));
      reasons.forEach(reason -> row.add(Format.count(run.finishReasons().getOrDefault(reason, 0))));
      row.add(Format.count(run.nulls()));
      row.add(Format.count(run.errors()));
      row.add(Format.count(run.missing()));
      row.add(Format.count(run.duplicates() + run.unmatched()));
      row.add(Format.count(run.promptTokens()));
      row.add(Format.count(run.newTokens()));
      rows.add(row);
    }
    return new Table("l" + "r".repeat(header.size() - 1), header, rows);
  }

  /** The first rows that failed. */
  static Table errors(List<Generation> failed) {
    List<List<String>> rows =
        failed.stream()
            .limit(ERRORS)
            .map(
                row ->
                    List.of(
                        row.method(),
                        row.task(),
                        Format.count(row.length()),
                        row.sampleId(),
                        row.errorCode(),
                        Text.clip(row.errorMessage() == null ? "" : row.errorMessage(), MESSAGE)))
            .toList();
    return new Table(
        "llrlll", List.of("Method", "Task", "Length", "Sample", "Code", "Message"), rows);
  }

  /** Says how many failed rows the table leaves out; empty if none. */
  static String moreErrors(List<Generation> failed) {
    int more = failed.size() - ERRORS;
    return more <= 0
        ? ""
        : String.format(
            Locale.ROOT, "%,d more rows failed; the generations of the run hold them all.", more);
  }
}
