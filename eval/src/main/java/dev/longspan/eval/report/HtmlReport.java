package dev.longspan.eval.report;

import dev.longspan.eval.Generation;
import dev.longspan.eval.Scores;
import dev.longspan.eval.Scores.Paired;
import dev.longspan.eval.Scores.Score;
import dev.longspan.eval.stats.Interval;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** The report as one HTML file that needs neither script nor network. */
final class HtmlReport {
  /** Tables of comparisons longer than this are folded up by length. */
  private static final int FOLD = 30;

  private final ReportData data;
  private final StringBuilder out = new StringBuilder();
  private String heading = "h2";

  private HtmlReport(ReportData data) {
    this.data = data;
  }

  static String of(ReportData data) {
    return new HtmlReport(data).page();
  }

  private String page() {
    String title = Text.html(data.title());
    out.append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    // Whatever slipped through the escaping, the browser would load nothing and run nothing.
    out.append("<meta http-equiv=\"Content-Security-Policy\"");
    out.append(" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n");
    out.append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    out.append("<meta name=\"color-scheme\" content=\"light dark\">\n");
    out.append("<title>").append(title).append("</title>\n");
    out.append("<style>\n").append(style()).append("</style>\n</head>\n<body>\n<main>\n");
    out.append("<header>\n<p class=\"kicker\">Longspan evaluation");
    String started = Facts.started(data.manifest());
    if (!started.isEmpty()) {
      out.append(" · ").append(Text.html(started.replace('T', ' ').replace("Z", " UTC")));
    }
    out.append("</p>\n<h1>").append(title).append("</h1>\n");
    List<SuiteView> views = data.views();
    boolean several = views.size() > 1;
    if (!several) {
      leads(views.get(0));
    }
    out.append("</header>\n");
    if (several) {
      section("overview", "All suites");
      out.append(Tables.overview(views).html());
      out.append("<p class=\"more\">");
      views.forEach(view -> out.append(link(view)));
      out.append("</p>\n</section>\n");
    }
    Table facts = Facts.table(data);
    if (!facts.rows().isEmpty()) {
      section("ran", "What ran");
      out.append("<dl>\n");
      for (List<String> fact : facts.rows()) {
        out.append("<div><dt>").append(Text.html(fact.get(0))).append("</dt><dd>");
        out.append(Text.html(fact.get(1))).append("</dd></div>\n");
      }
      out.append("</dl>\n</section>\n");
    }
    for (SuiteView view : views) {
      if (several) {
        out.append("<section class=\"suite\" id=\"").append(Text.html(view.name()));
        out.append("\">\n<h2>").append(Text.html(view.name())).append("</h2>\n");
        leads(view);
        heading = "h3";
      }
      suite(view);
      heading = "h2";
      out.append(several ? "</section>\n" : "");
    }
    section("notes", "How the figures are computed");
    out.append("<ol class=\"footnotes\">\n");
    Notes.ALL.forEach(note -> out.append("<li>").append(Text.html(note)).append("</li>\n"));
    out.append("</ol>\n</section>\n</main>\n</body>\n</html>\n");
    return out.toString();
  }

  private static String style() {
    try (InputStream in = HtmlReport.class.getResourceAsStream("report.css")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("report.css cannot be read from the jar", e);
    }
  }

  private void leads(SuiteView view) {
    for (String sentence : Headline.of(view)) {
      out.append("<p class=\"lead\">").append(Text.html(sentence)).append("</p>\n");
    }
  }

  private static String link(SuiteView view) {
    String name = Text.html(view.name());
    return "<a href=\"#" + name + "\">" + name + "</a> ";
  }

  private void section(String type, String title) {
    out.append("<section class=\"").append(type).append("\">\n<").append(heading).append('>');
    out.append(Text.html(title)).append("</").append(heading).append(">\n");
  }

  private void suite(SuiteView view) {
    section("summary", "Summary");
    out.append(Tables.summary(view).html());
    if (!view.figures().isEmpty()) {
      out.append("<details open><summary>Further figures</summary>\n");
      out.append(Tables.figures(view).html()).append("</details>\n");
    }
    Published published = Published.of(view);
    if (!published.isEmpty()) {
      out.append(published.comparable() ? "<details open>" : "<details>");
      out.append("<summary>Published figures</summary>\n");
      out.append("<p class=\"more\">").append(Text.html(published.note())).append("</p>\n");
      out.append(published.table().html()).append("</details>\n");
    }
    out.append("</section>\n");
    boolean alone = view.tasks().size() == 1 && !view.hasLengths();
    section("scores", view.hasLengths() ? "Scores by task and length" : "Scores by task");
    if (!alone) {
      out.append(new HeatMap(view).html());
    }
    if (view.hasLengths()) {
      out.append("</section>\n");
      section("retention", "Scores by length");
      figures(scoreCharts(view));
      out.append("</section>\n");
      section("speed", "Speed");
      figures(speedCharts(view));
    }
    out.append(alone ? "<details open>" : "<details>");
    out.append("<summary>Scores and speeds in figures</summary>\n");
    out.append(Tables.byLength(view).html()).append("</details>\n</section>\n");
    if (!view.paired().isEmpty()) {
      section("paired", "Differences to " + view.baseline());
      comparisons(view);
      section("samples", "Samples on which the methods differ");
      out.append(new SampleDetails(data, view).html()).append("</section>\n");
    }
    section("rows", "Rows and errors");
    rows(view);
  }

  private void figures(List<LineChart> charts) {
    List<LineChart> drawn = charts.stream().filter(chart -> !chart.isEmpty()).toList();
    out.append("<div class=\"figures\">\n");
    drawn.forEach(chart -> out.append("<figure>").append(chart.svg()).append("</figure>\n"));
    out.append(drawn.isEmpty() ? "<p>There are no values to draw.</p>\n" : "");
    out.append("</div>\n");
  }

  private static List<LineChart> scoreCharts(SuiteView view) {
    List<LineChart> charts = new ArrayList<>();
    String score = view.tasks().size() > 1 ? "Mean score over tasks" : "Score";
    charts.add(chart(view, score, Scores.MEAN, view.methods(), Double.NaN, false));
    if (!view.compared().isEmpty()) {
      String title = "Score kept, in % of " + view.baseline();
      charts.add(chart(view, title, Scores.RETENTION, view.compared(), 100, false));
    }
    return charts;
  }

  private static List<LineChart> speedCharts(SuiteView view) {
    return List.of(
        chart(view, "Prefill, tokens/s", Scores.PREFILL_RATE, view.methods(), Double.NaN, true),
        chart(view, "Decode, tokens/s", Scores.DECODE_RATE, view.methods(), Double.NaN, true));
  }

  private static LineChart chart(
      SuiteView view,
      String title,
      String metric,
      List<String> methods,
      double reference,
      boolean rate) {
    List<LineChart.Series> series = new ArrayList<>();
    for (String method : methods) {
      double[] values = new double[view.lengths().size()];
      List<Interval> intervals = new ArrayList<>();
      List<String> notes = new ArrayList<>();
      for (int i = 0; i < values.length; i++) {
        int length = view.lengths().get(i);
        values[i] = view.value(metric, length, method);
        Score score = view.metric(metric, length, method);
        intervals.add(score == null ? null : score.ci95());
        notes.add(note(view, metric, length, method, rate));
      }
      int style = view.methods().indexOf(method);
      series.add(new LineChart.Series(method, style, values, intervals, notes));
    }
    return new LineChart(title, view.lengths(), series, reference, rate);
  }

  private static String note(
      SuiteView view, String metric, int length, String method, boolean rate) {
    if (rate) {
      double speedup = view.speedup(metric, length, method);
      return view.compared().contains(method) && !Double.isNaN(speedup)
          ? Format.times(speedup)
          : "";
    }
    double value = view.value(metric, length, method);
    return metric.equals(Scores.RETENTION) && !Double.isNaN(value)
        ? Format.score(value) + " %"
        : "";
  }

  private void comparisons(SuiteView view) {
    List<Paired> means = view.paired().stream().filter(p -> p.task().equals(Scores.ALL)).toList();
    comparisonTable(view, means);
    Map<Integer, List<Paired>> byLength = new TreeMap<>();
    view.paired().stream()
        .filter(p -> !p.task().equals(Scores.ALL))
        .forEach(p -> byLength.computeIfAbsent(p.length(), l -> new ArrayList<>()).add(p));
    boolean fold = view.paired().size() - means.size() > FOLD;
    byLength.forEach(
        (length, pairs) -> {
          if (pairs.size() == view.compared().size() && byLength.size() == 1) {
            return; // The only task says the same as the mean.
          }
          long better = pairs.stream().filter(p -> p.verdict().equals("better")).count();
          long worse = pairs.stream().filter(p -> p.verdict().equals("worse")).count();
          out.append(fold ? "<details>" : "<details open>").append("<summary>");
          out.append(length == 0 ? "Tasks" : "Tasks at " + Format.count(length) + " tokens");
          out.append(
              String.format(
                  "<span class=\"quiet\"> · %d compared, %d better, %d worse</span></summary>%n",
                  pairs.size(), better, worse));
          comparisonTable(view, pairs);
          out.append("</details>\n");
        });
    out.append("</section>\n");
  }

  private void comparisonTable(SuiteView view, List<Paired> pairs) {
    double step = view.percent() ? 5 : 0.1;
    double scale = pairs.stream().mapToDouble(pair -> reach(pair, step)).max().orElse(1);
    String end = view.percent() ? String.format(Locale.ROOT, "%.0f", scale) : Format.rate(scale);
    String header =
        String.format("<span class=\"scale\"><i>−%s</i><i>0</i><i>+%s</i></span>", end, end);
    out.append(
        Tables.paired(view, pairs)
            .html(
                new Table.Decoration() {
                  @Override
                  public String rowClass(int row) {
                    String verdict = pairs.get(row).verdict();
                    return verdict.contains(" ") ? "quiet" : verdict;
                  }

                  @Override
                  public String lastCell(int row) {
                    return forest(pairs.get(row), scale);
                  }
                },
                header));
  }

  private static double reach(Paired pair, double step) {
    double reach = Math.abs(pair.delta());
    if (pair.ci95() != null) {
      reach = Math.max(reach, Math.max(Math.abs(pair.ci95().lo()), Math.abs(pair.ci95().hi())));
    }
    return Math.max(step, Math.ceil(reach / step) * step);
  }

  /** The difference and its interval as a point on a line through zero. */
  private static String forest(Paired pair, double scale) {
    int width = 150;
    StringBuilder svg = new StringBuilder();
    svg.append("<svg class=\"forest\" width=\"150\" height=\"16\" aria-hidden=\"true\">");
    svg.append("<line class=\"zero\" x1=\"75\" y1=\"0\" x2=\"75\" y2=\"16\"/>");
    double half = (width - 12) / 2.0;
    if (pair.ci95() != null) {
      svg.append(
          String.format(
              Locale.ROOT,
              "<line class=\"error\" x1=\"%.1f\" y1=\"8\" x2=\"%.1f\" y2=\"8\"/>",
              75 + half * pair.ci95().lo() / scale,
              75 + half * pair.ci95().hi() / scale));
    }
    svg.append(
        String.format(
            Locale.ROOT,
            "<circle cx=\"%.1f\" cy=\"8\" r=\"3.5\"/>",
            75 + half * pair.delta() / scale));
    return svg.append("</svg>").toString();
  }

  private void rows(SuiteView view) {
    out.append(Tables.counts(view).html());
    List<String> warnings =
        view.runs().stream()
            .flatMap(run -> run.warnings().stream().map(warning -> run.method() + ": " + warning))
            .toList();
    if (!warnings.isEmpty()) {
      out.append("<ul class=\"warnings\">\n");
      warnings.forEach(w -> out.append("<li>").append(Text.html(w)).append("</li>\n"));
      out.append("</ul>\n");
    }
    List<Generation> failed = data.failed(view);
    if (failed.isEmpty()) {
      out.append("<p>No row failed.</p>\n");
    } else {
      out.append("<h3>Rows that failed</h3>\n").append(Tables.errors(failed).html());
      out.append("<p class=\"more\">").append(Tables.moreErrors(failed)).append("</p>\n");
    }
    out.append("</section>\n");
  }
}
