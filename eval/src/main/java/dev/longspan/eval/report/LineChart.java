package dev.longspan.eval.report;

import dev.longspan.eval.stats.Interval;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** Lines over the lengths, one for each method, with intervals where there are any. */
final class LineChart {
  /**
   * One line.
   *
   * @param name its label
   * @param style number of its colour and marker
   * @param values one for each length, NaN where there is none
   * @param intervals one for each length, null where there is none
   * @param notes text above each point, empty for none
   */
  record Series(
      String name, int style, double[] values, List<Interval> intervals, List<String> notes) {}

  private static final int WIDTH = 540;
  private static final int HEIGHT = 270;
  private static final int LEFT = 54;
  private static final int TOP = 34;
  private static final int BOTTOM = HEIGHT - 42;

  private final String title;
  private final List<Integer> lengths;
  private final List<Series> series;
  private final boolean logarithmic;
  private final double reference;
  private final int right;

  /** Middle, baseline and half width of every marker and note, which notes keep clear of. */
  private final List<double[]> taken = new ArrayList<>();

  private double low = Double.MAX_VALUE;
  private double high = -Double.MAX_VALUE;

  /**
   * Lays out a chart.
   *
   * @param title what the vertical axis shows, with its unit
   * @param reference a value to draw a dashed line at; NaN for none
   * @param rate whether the values are rates: the axis starts at zero, or is logarithmic if they
   *     span more than a factor of eight
   */
  LineChart(
      String title, List<Integer> lengths, List<Series> series, double reference, boolean rate) {
    this.title = title;
    this.lengths = lengths;
    this.series = series;
    this.reference = reference;
    int longest = series.stream().mapToInt(s -> s.name().length()).max().orElse(0);
    right = WIDTH - Math.min(150, 22 + 7 * longest);
    for (Series line : series) {
      for (int i = 0; i < lengths.size(); i++) {
        span(line.values()[i]);
        Interval interval = line.intervals().get(i);
        if (interval != null) {
          span(interval.lo());
          span(interval.hi());
        }
      }
    }
    span(reference);
    logarithmic = rate && low > 0 && high / low > 8;
    if (logarithmic) {
      high *= 1.6; // room for the notes
      low /= 1.15;
    } else if (rate) {
      low = 0;
      high *= 1.12;
    } else {
      // Noise of a tenth of a point shall not look like a slope: ten points at least.
      double margin = Math.max(0.06 * (high - low), (10 - (high - low)) / 2);
      boolean capped = high <= 100 && Double.isNaN(reference); // a score, of 100 at most
      high = capped ? Math.min(100, high + margin) : high + margin;
      low = Math.max(0, Math.min(low - margin, high - 10));
    }
  }

  private void span(double value) {
    if (!Double.isNaN(value)) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }

  boolean isEmpty() {
    return high < low;
  }

  String svg() {
    StringBuilder out = new StringBuilder();
    out.append(
        String.format(
            "<svg class=\"chart\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">%n",
            WIDTH, HEIGHT, Text.html(title)));
    out.append(text("title", 0, 14, title));
    for (double tick : ticks()) {
      out.append(line("grid", LEFT, y(tick), right, y(tick)));
      out.append(text("tick y", LEFT - 8, y(tick) + 4, label(tick)));
    }
    if (!Double.isNaN(reference)) {
      out.append(line("reference", LEFT, y(reference), right, y(reference)));
    }
    for (int i = 0; i < lengths.size(); i++) {
      String length = lengths.get(i) == 0 ? "all samples" : Format.count(lengths.get(i));
      out.append(text("tick x", x(i), BOTTOM + 18, length));
    }
    out.append(text("axis", (LEFT + right) / 2.0, BOTTOM + 36, "length in tokens"));
    for (Series line : series) {
      for (int i = 0; i < lengths.size(); i++) {
        if (!Double.isNaN(line.values()[i])) {
          taken.add(new double[] {x(i), y(line.values()[i]) + 4, 6});
        }
      }
    }
    for (int s = 0; s < series.size(); s++) {
      draw(out, s);
    }
    labels(out);
    return out.append("</svg>\n").toString();
  }

  private void draw(StringBuilder out, int index) {
    Series line = series.get(index);
    // Lines keep a little apart, so that their intervals do not cover each other.
    double shift = 7 * (index - (series.size() - 1) / 2.0);
    StringBuilder path = new StringBuilder();
    StringBuilder points = new StringBuilder();
    for (int i = 0; i < lengths.size(); i++) {
      double value = line.values()[i];
      if (Double.isNaN(value)) {
        continue;
      }
      double x = x(i) + shift;
      path.append(
          String.format(Locale.ROOT, "%s%.1f %.1f", path.isEmpty() ? "M" : "L", x, y(value)));
      Interval interval = line.intervals().get(i);
      double top = y(value);
      double bottom = top;
      if (interval != null) {
        top = Math.min(top, y(interval.hi()));
        bottom = Math.max(bottom, y(interval.lo()));
        points.append(line("error", x, y(interval.lo()), x, y(interval.hi())));
      }
      points.append(
          String.format(
              Locale.ROOT,
              "<g transform=\"translate(%.1f %.1f)\"><title>%s, %s: %s %s</title>%s</g>%n",
              x,
              y(value),
              Text.html(line.name()),
              Format.count(lengths.get(i)),
              label(value),
              Format.interval(interval),
              marker(line.style())));
      note(points, line.notes().get(i), x, top, bottom);
    }
    out.append("<g class=\"m").append(line.style() % 6).append("\">");
    out.append("<path class=\"line\" d=\"").append(path).append("\"/>\n");
    out.append(points).append("</g>\n");
  }

  /** Writes the note above its point, or below, or leaves it out where neither is free. */
  private void note(StringBuilder out, String note, double x, double top, double bottom) {
    if (note.isEmpty()) {
      return;
    }
    for (double y : new double[] {top - 10, bottom + 19}) {
      double half = 3.3 * note.length();
      boolean free =
          y > TOP - 8
              && y < BOTTOM - 2
              && taken.stream()
                  .noneMatch(
                      box -> Math.abs(box[0] - x) < box[2] + half && Math.abs(box[1] - y) < 13);
      if (free) {
        taken.add(new double[] {x, y, half});
        out.append(text("note", x, y, note));
        return;
      }
    }
  }

  private static String marker(int style) {
    return switch (style % 6) {
      case 0 -> "<circle r=\"4.5\"/>";
      case 1 -> "<path d=\"M-4.2-4.2h8.4v8.4h-8.4z\"/>";
      case 2 -> "<path d=\"M0-5.6 5.4 4.2h-10.8z\"/>";
      case 3 -> "<path d=\"M0-6 6 0 0 6-6 0z\"/>";
      case 4 -> "<path d=\"M0 5.6 5.4-4.2h-10.8z\"/>";
      default -> "<path d=\"M-5-1.8h3.2V-5h3.6v3.2H5v3.6H1.8V5h-3.6V1.8H-5z\"/>";
    };
  }

  /** Names stand at the right ends of their lines, pushed apart where they would overlap. */
  private void labels(StringBuilder out) {
    record Label(Series line, double y) {}
    List<Label> labels = new ArrayList<>();
    for (Series line : series) {
      for (int i = lengths.size() - 1; i >= 0; i--) {
        if (!Double.isNaN(line.values()[i])) {
          labels.add(new Label(line, y(line.values()[i])));
          break;
        }
      }
    }
    labels.sort(Comparator.comparingDouble(Label::y));
    double next = TOP;
    double[] placed = new double[labels.size()];
    for (int i = 0; i < placed.length; i++) {
      placed[i] = Math.max(labels.get(i).y(), next);
      next = placed[i] + 16;
    }
    double over = placed.length == 0 ? 0 : Math.max(0, placed[placed.length - 1] - BOTTOM);
    for (int i = 0; i < placed.length; i++) {
      Series line = labels.get(i).line();
      out.append("<g class=\"m").append(line.style() % 6).append("\">");
      out.append(text("name", right + 10, placed[i] - over + 4, Text.clip(line.name(), 18)));
      out.append("</g>\n");
    }
  }

  private List<Double> ticks() {
    List<Double> ticks = new ArrayList<>();
    if (logarithmic) {
      double decade = Math.pow(10, Math.floor(Math.log10(low)));
      double[] steps = high / low > 200 ? new double[] {1} : new double[] {1, 2, 5};
      for (; decade <= high; decade *= 10) {
        for (double step : steps) {
          if (step * decade >= low && step * decade <= high) {
            ticks.add(step * decade);
          }
        }
      }
      return ticks;
    }
    double rough = (high - low) / 5;
    double decade = Math.pow(10, Math.floor(Math.log10(rough)));
    double step = decade * (rough / decade < 1.5 ? 1 : rough / decade < 3.5 ? 2 : 5);
    step = rough / decade >= 7.5 ? 10 * decade : step;
    for (double i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9; i++) {
      ticks.add(i * step);
    }
    return ticks;
  }

  private static String label(double value) {
    return value == Math.rint(value)
        ? Format.count((long) value)
        : String.format(Locale.ROOT, Math.abs(value) < 1000 ? "%.1f" : "%,.0f", value);
  }

  private double x(int i) {
    int n = lengths.size();
    double inset = n == 1 ? (right - LEFT) / 2.0 : Math.min(50, (right - LEFT) / (2.0 * n));
    return n == 1 ? LEFT + inset : LEFT + inset + i * (right - LEFT - 2 * inset) / (n - 1);
  }

  private double y(double value) {
    double share =
        logarithmic ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
    return BOTTOM - share * (BOTTOM - TOP);
  }

  private static String line(String type, double x1, double y1, double x2, double y2) {
    return String.format(
        Locale.ROOT,
        "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>%n",
        type,
        x1,
        y1,
        x2,
        y2);
  }

  private static String text(String type, double x, double y, String text) {
    return String.format(
        Locale.ROOT,
        "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">%s</text>%n",
        type,
        x,
        y,
        Text.html(text));
  }
}
