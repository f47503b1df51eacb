package dev.longspan.eval.report;

import dev.longspan.eval.Scores;
import dev.longspan.eval.Scores.Paired;
import dev.longspan.eval.Scores.Score;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Task by length as coloured cells, one panel for each method and one for each difference.
 *
 * <p>Scores run through eleven colours of steadily falling lightness (rising on dark ground), and
 * differences from orange over the ground to blue, so that both read without telling red from
 * green. The colours themselves are in the style sheet.
 */
final class HeatMap {
  private static final int ROW = 25;
  private static final int TOP = 46;

  /** Where a difference enters the next stronger colour, in points. */
  private static final double[] STEPS = {1, 5, 15, 30};

  private final SuiteView view;
  private final List<String> tasks;
  private final int labels;
  private final int cell;

  HeatMap(SuiteView view) {
    this.view = view;
    this.tasks = new ArrayList<>(view.tasks());
    tasks.add(Scores.ALL);
    int longest = tasks.stream().mapToInt(String::length).max().orElse(0);
    this.cell = view.lengths().size() > 3 ? 45 : 62;
    this.labels = Math.max(46, Math.min(180, 12 + (int) (6.5 * longest)));
  }

  /** Returns all panels, scores before differences. */
  String html() {
    StringBuilder out = new StringBuilder("<div class=\"panels\">\n");
    view.methods().forEach(method -> out.append(scores(method)));
    view.compared().forEach(method -> out.append(differences(method)));
    out.append("</div>\n");
    return view.percent() ? out.append(legend()).toString() : out.toString();
  }

  private String scores(String method) {
    StringBuilder cells = new StringBuilder();
    for (int row = 0; row < tasks.size(); row++) {
      for (int column = 0; column < view.lengths().size(); column++) {
        Score score = view.score(tasks.get(row), view.lengths().get(column), method);
        if (score == null) {
          continue;
        }
        boolean flawed = score.errors() > 0 || score.missing() > 0;
        String text = view.text(score.value());
        String shade = shade(score.value());
        cells.append(cell(row, column, shade, text + (flawed ? "†" : ""), tip(score)));
      }
    }
    String role = method.equals(view.baseline()) ? "baseline" : "";
    return panel(method, role, cells.toString());
  }

  private String shade(Double value) {
    if (value == null || !view.percent()) {
      return "s-none";
    }
    return "s s" + Math.round(value / 10.0);
  }

  private String tip(Score score) {
    return String.format(
        Locale.ROOT,
        "%s, %,d, %s: %s %s, standard error %s, n = %d, errors %d, empty %d, missing %d",
        score.task(),
        score.length(),
        score.method(),
        view.text(score.value()),
        view.text(score.ci95()),
        view.text(score.stderr()),
        score.n(),
        score.errors(),
        score.nulls(),
        score.missing());
  }

  private String differences(String method) {
    StringBuilder cells = new StringBuilder();
    for (int row = 0; row < tasks.size(); row++) {
      for (int column = 0; column < view.lengths().size(); column++) {
        Paired pair = view.pair(tasks.get(row), view.lengths().get(column), method);
        if (pair == null) {
          continue;
        }
        boolean shown = pair.verdict().equals("better") || pair.verdict().equals("worse");
        String tip =
            String.format(
                Locale.ROOT,
                "%s, %,d: %s %s, p Holm %s, n = %d: %s",
                pair.task(),
                pair.length(),
                view.signed(pair.delta()),
                view.signed(pair.ci95()),
                Format.p(pair.pHolm()),
                pair.n(),
                pair.verdict());
        String shade = (view.percent() ? shade(pair.delta()) : "d d0") + (shown ? " sure" : "");
        cells.append(cell(row, column, shade, view.signed(pair.delta()), tip));
      }
    }
    return panel(
        method + " − " + view.baseline(), view.percent() ? "points" : "", cells.toString());
  }

  private static String shade(double delta) {
    int step = 0;
    while (step < STEPS.length && Math.abs(delta) >= STEPS[step]) {
      step++;
    }
    return step == 0 ? "d d0" : "d " + (delta < 0 ? "dn" : "dp") + step;
  }

  private int y(int row) {
    return TOP + row * ROW + (tasks.get(row).equals(Scores.ALL) ? 7 : 0);
  }

  private String cell(int row, int column, String shade, String text, String tip) {
    int x = labels + column * cell;
    return String.format(
        Locale.ROOT,
        "<g class=\"%s\"><title>%s</title><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>"
            + "<text x=\"%d\" y=\"%d\">%s</text></g>%n",
        shade,
        Text.html(tip),
        x + 1,
        y(row) + 1,
        cell - 2,
        ROW - 2,
        x + cell / 2,
        y(row) + ROW / 2 + 4,
        text);
  }

  private String panel(String title, String role, String cells) {
    int titled = labels + 8 * title.length() + 6 * role.length() + 10;
    int width = Math.max(labels + view.lengths().size() * cell + 2, titled);
    int height = TOP + tasks.size() * ROW + 10;
    StringBuilder out = new StringBuilder();
    out.append(
        String.format(
            Locale.ROOT,
            "<svg class=\"heat\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\""
                + " aria-label=\"%s by task and length\">%n",
            width,
            height,
            width,
            height,
            Text.html(title)));
    out.append(
        String.format(
            "<text class=\"title\" x=\"%d\" y=\"14\">%s<tspan class=\"role\" dx=\"8\">%s</tspan>"
                + "</text>%n",
            labels + 1, Text.html(title), role));
    for (int column = 0; column < view.lengths().size(); column++) {
      int length = view.lengths().get(column);
      out.append(
          String.format(
              "<text class=\"column\" x=\"%d\" y=\"%d\">%s</text>%n",
              labels + column * cell + cell / 2,
              TOP - 7,
              length == 0 ? "score" : Format.count(length)));
    }
    for (int row = 0; row < tasks.size(); row++) {
      boolean all = tasks.get(row).equals(Scores.ALL);
      out.append(
          String.format(
              "<text class=\"row%s\" x=\"%d\" y=\"%d\">%s</text>%n",
              all ? " mean" : "",
              labels - 8,
              y(row) + ROW / 2 + 4,
              all ? "mean" : Text.html(Text.clip(tasks.get(row), 26))));
    }
    return out.append(cells).append("</svg>\n").toString();
  }

  private String legend() {
    StringBuilder out = new StringBuilder("<p class=\"legend\"><span>0</span>");
    for (int i = 0; i <= 10; i++) {
      out.append("<i class=\"s s").append(i).append("\"></i>");
    }
    out.append("<span>100</span>");
    if (!view.compared().isEmpty()) {
      out.append("<span class=\"gap\">−30</span>");
      for (int i = STEPS.length; i > 0; i--) {
        out.append("<i class=\"d dn").append(i).append("\"></i>");
      }
      out.append("<i class=\"d d0\"></i>");
      for (int i = 1; i <= STEPS.length; i++) {
        out.append("<i class=\"d dp").append(i).append("\"></i>");
      }
      out.append("<span>+30 points</span>");
      out.append("<span class=\"gap\"><b class=\"box\"></b> better or worse beyond noise</span>");
    }
    return out.append("</p>\n").toString();
  }
}
