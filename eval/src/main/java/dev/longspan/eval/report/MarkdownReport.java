package dev.longspan.eval.report;

import dev.longspan.eval.Generation;
import dev.longspan.eval.Scores.Run;
import dev.longspan.eval.score.Answer;
import dev.longspan.eval.score.ScoredSuite.Item;
import java.util.ArrayList;
import java.util.List;

/** The report as Markdown tables. */
final class MarkdownReport {
  private static final int TEXT = 160;

  private final ReportData data;
  private final StringBuilder out = new StringBuilder();

  private MarkdownReport(ReportData data) {
    this.data = data;
  }

  static String of(ReportData data) {
    return new MarkdownReport(data).page();
  }

  private String page() {
    out.append("# ").append(Text.markdown(data.title())).append("\n\n");
    List<SuiteView> views = data.views();
    if (views.size() > 1) {
      heading("All suites", Tables.overview(views));
    }
    for (SuiteView view : views) {
      String suite = views.size() > 1 ? view.name() + ": " : "";
      for (String sentence : Headline.of(view)) {
        out.append("**").append(Text.markdown(suite + sentence)).append("**\n\n");
      }
    }
    Table facts = Facts.table(data);
    if (!facts.rows().isEmpty()) {
      out.append("## What ran\n\n").append(facts.markdown());
    }
    views.forEach(view -> suite(view, views.size() > 1 ? view.name() + ": " : ""));
    out.append("## How the figures are computed\n\n");
    for (int i = 0; i < Notes.ALL.size(); i++) {
      out.append(i + 1).append(". ").append(Text.markdown(Notes.ALL.get(i))).append('\n');
    }
    return out.toString();
  }

  private void suite(SuiteView view, String prefix) {
    heading(prefix + "Summary", Tables.summary(view));
    if (!view.figures().isEmpty()) {
      heading(prefix + "Further figures", Tables.figures(view));
    }
    Published published = Published.of(view);
    if (!published.isEmpty()) {
      out.append("## ").append(prefix).append("Published figures\n\n");
      out.append(Text.markdown(published.note())).append("\n\n");
      out.append(published.table().markdown());
    }
    out.append("## ").append(prefix).append("Scores by task and length\n\n");
    for (String method : view.methods()) {
      out.append("### ").append(Text.markdown(method)).append("\n\n");
      out.append(Tables.scores(view, method).markdown());
    }
    heading(prefix + "Retention and speed", Tables.byLength(view));
    if (!view.paired().isEmpty()) {
      heading(prefix + "Differences to " + view.baseline(), Tables.paired(view, view.paired()));
      out.append("## ").append(prefix).append("Samples on which the methods differ\n\n");
      disagreements(view);
    }
    heading(prefix + "Rows and errors", Tables.counts(view));
    for (Run run : view.runs()) {
      for (String warning : run.warnings()) {
        out.append("- ").append(Text.markdown(run.method() + ": " + warning)).append('\n');
      }
    }
    List<Generation> failed = data.failed(view);
    if (failed.isEmpty()) {
      out.append("\nNo row failed.\n\n");
    } else {
      out.append("\n### Rows that failed\n\n").append(Tables.errors(failed).markdown());
      out.append(Tables.moreErrors(failed)).append("\n\n");
    }
  }

  private void heading(String title, Table table) {
    out.append("## ").append(Text.markdown(title)).append("\n\n").append(table.markdown());
  }

  private void disagreements(SuiteView view) {
    List<Disagreements> groups =
        Disagreements.of(data.suite(view), view.baseline(), view.compared());
    if (groups.isEmpty()) {
      out.append("There are none: every sample scored the same with every method.\n\n");
    }
    for (Disagreements group : groups) {
      out.append("### ").append(Text.markdown(group.title(view.baseline()))).append("\n\n");
      List<String> header = new ArrayList<>(List.of("Task", "Length", "Sample", "References"));
      header.addAll(List.of(view.baseline(), group.method()));
      List<List<String>> rows = new ArrayList<>();
      for (Item item : group.shown()) {
        rows.add(
            List.of(
                item.sample().task(),
                Format.count(item.sample().length()),
                item.sample().id(),
                Text.clip(String.join(" / ", item.sample().references()), TEXT),
                answer(view, item, view.baseline()),
                answer(view, item, group.method())));
      }
      out.append(new Table("lrllll", header, rows).markdown());
      out.append(group.more().isEmpty() ? "" : group.more() + "\n\n");
    }
  }

  private static String answer(SuiteView view, Item item, String method) {
    Answer first = item.answers().get(method).get(0);
    String text = first.generation().failed() ? first.generation().errorCode() : first.text();
    double value = item.value(method);
    if (!view.percent()) {
      return view.text(Math.exp(value));
    }
    String mark = value == 1 ? "✓ " : value == 0 ? "✗ " : Format.score(100 * value) + " % ";
    return mark + Text.clip(text, TEXT);
  }
}
