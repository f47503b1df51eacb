package dev.longspan.eval.report;

import dev.longspan.eval.Scores;
import dev.longspan.eval.Scores.Paired;
import dev.longspan.eval.Scores.Run;
import dev.longspan.eval.Scores.Score;
import java.util.List;
import java.util.function.IntFunction;

/**
 * The scores as plain text for the terminal.
 *
 * <p>The methods stand side by side under each length if that fits into 100 columns, and one below
 * the other if it does not.
 */
final class ConsoleTable {
  private static final int WIDTH = 100;
  private static final int VALUE = 7;
  private static final int DELTA = 8;

  private final SuiteView view;
  private final int label;
  private final StringBuilder out = new StringBuilder();

  private ConsoleTable(SuiteView view) {
    this.view = view;
    int longest = view.tasks().stream().mapToInt(String::length).max().orElse(0);
    this.label = Math.max(longest, "prefill/s".length()) + 1;
  }

  static String of(Scores scores) {
    StringBuilder out = new StringBuilder();
    SuiteView.of(scores).forEach(view -> out.append(new ConsoleTable(view).text()));
    // A terminal may not know the typographic signs.
    return out.toString()
        .replace('−', '-')
        .replace('–', '-')
        .replace('×', 'x')
        .replace("≥", ">=")
        .replace("†", "+");
  }

  private String text() {
    List<String> methods = view.methods();
    int together = label + view.lengths().size() * groupWidth(methods);
    if (together <= WIDTH) {
      block(methods, view.lengths());
    } else {
      for (String method : methods) {
        int width = groupWidth(List.of(method));
        int fitting = Math.max(1, (WIDTH - label) / width);
        for (int from = 0; from < view.lengths().size(); from += fitting) {
          int to = Math.min(view.lengths().size(), from + fitting);
          block(List.of(method), view.lengths().subList(from, to));
        }
      }
    }
    if (view.paired().stream().anyMatch(ConsoleTable::sure)) {
      out.append("* beyond noise: p < 0.05 after Holm's correction\n");
    }
    Headline.of(view).forEach(sentence -> out.append(wrap(sentence)));
    if (view.hasLengths()) {
      view.methods().forEach(method -> out.append(wrap(average(method))));
    }
    for (Run run : view.runs()) {
      run.warnings().forEach(w -> out.append(wrap("warning: " + run.method() + ": " + w)));
    }
    return out.append('\n').toString();
  }

  private String average(String method) {
    return method
        + ": average "
        + Format.score(view.value(Scores.AVERAGE, Scores.ALL_LENGTHS, method))
        + ", weighted to long "
        + Format.score(view.value(Scores.AVERAGE_INCREASING, Scores.ALL_LENGTHS, method))
        + ", weighted to short "
        + Format.score(view.value(Scores.AVERAGE_DECREASING, Scores.ALL_LENGTHS, method))
        + ", effective length "
        + view.effective(method);
  }

  private static boolean sure(Paired pair) {
    return pair.verdict().equals("better") || pair.verdict().equals("worse");
  }

  private int valueWidth(String method, List<String> methods) {
    if (methods.size() > 1) {
      return Math.max(VALUE, method.length() + 2);
    }
    return view.compared().contains(method) ? VALUE : VALUE + 2;
  }

  private static int deltaWidth(List<String> methods) {
    return methods.size() == 1 ? DELTA - 1 : DELTA; // six lengths fit with not a column to spare
  }

  private int groupWidth(List<String> methods) {
    return methods.stream()
        .mapToInt(
            m -> valueWidth(m, methods) + (view.compared().contains(m) ? deltaWidth(methods) : 0))
        .sum();
  }

  private void block(List<String> methods, List<Integer> lengths) {
    boolean alone = methods.size() == 1;
    String corner = alone && view.methods().size() > 1 ? methods.get(0) : view.name();
    int group = groupWidth(methods);
    int heading = alone ? valueWidth(methods.get(0), methods) : group;
    line(corner, lengths, l -> pad(pad(l == 0 ? "score" : Format.count(l), heading), -group));
    if (!alone) {
      line("", lengths, length -> names(methods));
    }
    for (String task : view.tasks()) {
      line(task, lengths, length -> scores(methods, task, length));
    }
    out.append("-".repeat(label + group * lengths.size())).append('\n');
    line("mean", lengths, length -> scores(methods, Scores.ALL, length));
    if (measured(Scores.PREFILL_RATE)) {
      line("prefill/s", lengths, length -> rates(methods, Scores.PREFILL_RATE, length));
    }
    if (measured(Scores.DECODE_RATE)) {
      line("decode/s", lengths, length -> rates(methods, Scores.DECODE_RATE, length));
    }
    out.append('\n');
  }

  private boolean measured(String rate) {
    return view.lengths().stream()
        .anyMatch(
            length -> view.methods().stream().anyMatch(m -> view.metric(rate, length, m) != null));
  }

  private String names(List<String> methods) {
    StringBuilder names = new StringBuilder();
    for (String method : methods) {
      names.append(pad(method, valueWidth(method, methods)));
      names.append(view.compared().contains(method) ? pad("diff ", deltaWidth(methods)) : "");
    }
    return names.toString();
  }

  private String scores(List<String> methods, String task, int length) {
    StringBuilder cells = new StringBuilder();
    for (String method : methods) {
      Score score = view.score(task, length, method);
      String text = score == null ? "" : view.text(score.value());
      cells.append(pad(text, valueWidth(method, methods)));
      if (view.compared().contains(method)) {
        Paired pair = view.pair(task, length, method);
        String delta = pair == null ? "" : view.signed(pair.delta());
        cells.append(pad(delta + (pair != null && sure(pair) ? "*" : " "), deltaWidth(methods)));
      }
    }
    return cells.toString();
  }

  private String rates(List<String> methods, String rate, int length) {
    StringBuilder cells = new StringBuilder();
    for (String method : methods) {
      String text = Format.rate(view.value(rate, length, method));
      cells.append(pad(text, valueWidth(method, methods)));
      if (view.compared().contains(method)) {
        cells.append(
            pad(Format.times(view.speedup(rate, length, method)) + " ", deltaWidth(methods)));
      }
    }
    return cells.toString();
  }

  private void line(String name, List<Integer> lengths, IntFunction<String> cells) {
    StringBuilder text = new StringBuilder(pad(name, -label));
    lengths.forEach(length -> text.append(cells.apply(length)));
    out.append(text.toString().stripTrailing()).append('\n');
  }

  /** Pads at the right end for a negative width, else at the left. */
  private static String pad(String text, int width) {
    return String.format("%" + width + "s", text);
  }

  private static String wrap(String text) {
    StringBuilder wrapped = new StringBuilder();
    int column = 0;
    for (String word : text.split(" ")) {
      if (column > 0 && column + 1 + word.length() > WIDTH) {
        wrapped.append("\n  ");
        column = 2;
      } else if (column > 0) {
        wrapped.append(' ');
        column++;
      }
      wrapped.append(word);
      column += word.length();
    }
    return wrapped.append('\n').toString();
  }
}
