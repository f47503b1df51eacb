package dev.longspan.eval.report;

import dev.longspan.eval.Generation;
import dev.longspan.eval.SampleSummary;
import dev.longspan.eval.score.Answer;
import dev.longspan.eval.score.ScoredSuite.Item;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** The samples on which methods differ: what was asked, what was answered, what it scored. */
final class SampleDetails {
  private static final int TEXT = 1200;

  private final ReportData data;
  private final SuiteView view;
  private final StringBuilder out = new StringBuilder();

  SampleDetails(ReportData data, SuiteView view) {
    this.data = data;
    this.view = view;
  }

  /** Returns the samples of all groups. */
  String html() {
    List<Disagreements> groups =
        Disagreements.of(data.suite(view), view.baseline(), view.compared());
    if (groups.isEmpty()) {
      out.append("<p>There are none: every sample scored the same with every method.</p>\n");
    }
    for (Disagreements group : groups) {
      out.append("<h3>").append(Text.html(group.title(view.baseline()))).append("</h3>\n");
      for (Item item : group.shown()) {
        sample(item, group.method());
      }
      if (!group.more().isEmpty()) {
        out.append("<p class=\"more\">").append(Text.html(group.more())).append("</p>\n");
      }
    }
    return out.toString();
  }

  private void sample(Item item, String method) {
    SampleSummary sample = item.sample();
    out.append("<details class=\"sample\"><summary><span class=\"where\">");
    out.append(Text.html(sample.task())).append("</span><span class=\"length\">");
    out.append(sample.length() == 0 ? "" : Format.count(sample.length()));
    out.append("</span><span class=\"id\">").append(Text.html(Text.clip(sample.id(), 24)));
    out.append("</span>");
    for (String shown : List.of(view.baseline(), method)) {
      out.append("<span class=\"method\">").append(Text.html(shown));
      out.append(mark(item.value(shown))).append("</span>");
    }
    out.append("</summary>\n<div class=\"body\">\n");
    if (!sample.info().isEmpty()) {
      String info =
          new TreeMap<>(sample.info())
              .entrySet().stream()
                  .map(e -> e.getKey().replace('_', ' ') + " " + Text.clip(e.getValue(), 80))
                  .collect(Collectors.joining(" · "));
      out.append("<p class=\"info\">").append(Text.html(info)).append("</p>\n");
    }
    out.append("<h4>Prompt</h4>\n<pre>").append(Text.html(sample.promptHead()));
    if (!sample.promptTail().isEmpty()) {
      out.append("\n<span class=\"cut\">…</span>\n").append(Text.html(sample.promptTail()));
    }
    out.append("</pre>\n<h4>").append(sample.references().size() == 1 ? "Reference" : "References");
    out.append("</h4>\n<ul class=\"references\">");
    for (String reference : sample.references()) {
      out.append("<li>").append(Text.html(Text.clip(reference, TEXT))).append("</li>");
    }
    out.append("</ul>\n");
    for (String shown : view.methods()) {
      for (Answer answer : item.answers().getOrDefault(shown, List.of())) {
        answer(item, shown, answer);
      }
    }
    out.append("</div></details>\n");
  }

  private void answer(Item item, String method, Answer answer) {
    Generation row = answer.generation();
    boolean several = item.answers().get(method).size() > 1;
    out.append("<h4>").append(Text.html(method));
    out.append(several ? " <span class=\"quiet\">attempt " + (row.attempt() + 1) + "</span>" : "");
    out.append(mark(answer.value())).append("<span class=\"quiet\">");
    out.append(Format.count(row.newTokens())).append(" tokens, ");
    out.append(Text.html(row.failed() ? "error" : String.valueOf(row.finishReason())));
    out.append("</span></h4>\n");
    if (row.failed()) {
      String message = row.errorMessage() == null ? "" : row.errorMessage();
      out.append("<pre class=\"failed\">").append(Text.html(row.errorCode())).append(": ");
      out.append(Text.html(Text.clip(message, TEXT))).append("</pre>\n");
    } else if (answer.isNull()) {
      out.append("<p class=\"quiet\">empty</p>\n");
    } else {
      out.append("<pre>").append(Text.html(Text.clip(row.text(), TEXT))).append("</pre>\n");
    }
    if (!row.failed()) {
      String remark = data.suite(view).scorer().remark(item.sample(), answer.text());
      out.append(remark.isEmpty() ? "" : "<p class=\"info\">" + Text.html(remark) + "</p>\n");
    }
  }

  private String mark(double value) {
    if (!view.percent()) {
      return " <span class=\"mark\">" + view.text(Math.exp(value)) + "</span> ";
    }
    String type = value == 1 ? "right" : value == 0 ? "wrong" : "partly";
    String sign = value == 1 ? "✓" : value == 0 ? "✗" : "◐";
    String score = value == 1 || value == 0 ? type : Format.score(100 * value) + " %";
    return " <span class=\"mark " + type + "\">" + sign + " " + score + "</span> ";
  }
}
