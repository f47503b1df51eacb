package dev.longspan.eval.report;

import dev.longspan.eval.Scores;
import dev.longspan.eval.Scores.Paired;
import dev.longspan.eval.Scores.Score;
import java.util.ArrayList;
import java.util.List;

/** The answer in a sentence or two for each method that is compared. */
final class Headline {
  private Headline() {}

  static List<String> of(SuiteView view) {
    List<String> sentences = new ArrayList<>();
    if (view.compared().isEmpty()) {
      view.methods().forEach(method -> sentences.add(alone(view, method)));
    } else {
      view.compared().forEach(method -> sentences.add(compared(view, method)));
    }
    return sentences;
  }

  private static String alone(SuiteView view, String method) {
    Score mean = view.metric(Scores.MEAN, view.longest(), method);
    if (!view.percent() && (mean == null || mean.value() == null)) {
      return method + " has no LongPPL: no document that it scored has key tokens.";
    }
    if (mean == null || mean.value() == null) {
      return method + " has no score" + at(view) + ": rows are missing.";
    }
    int tasks = view.tasks().size();
    return String.format(
        "%s %s %s%s%s, %s.",
        method,
        view.percent() ? "scores" : "has a LongPPL of",
        view.text(mean.value()),
        at(view),
        spaced(view.text(mean.ci95())),
        tasks == 1 ? "on " + view.tasks().get(0) : "the mean of " + tasks + " tasks");
  }

  private static String compared(SuiteView view, String method) {
    StringBuilder text = new StringBuilder(method);
    Score kept = view.metric(Scores.RETENTION, view.longest(), method);
    if (kept != null) {
      text.append(" keeps ").append(Format.score(kept.value())).append(" % of ");
      text.append(view.baseline()).append(at(view)).append(spaced(Format.interval(kept.ci95())));
    } else {
      text.append(view.percent() ? " scores " : " has a LongPPL of ");
      text.append(view.text(view.value(Scores.MEAN, view.longest(), method)));
      text.append(" against ");
      text.append(view.text(view.value(Scores.MEAN, view.longest(), view.baseline())));
      text.append(" of ").append(view.baseline()).append(at(view));
    }
    double speedup = view.speedup(Scores.PREFILL_RATE, view.longest(), method);
    if (!Double.isNaN(speedup)) {
      text.append(", at ").append(Format.times(speedup)).append(" its prefill speed");
    }
    text.append('.');
    boolean several = view.lengths().size() > 1;
    Paired pair = view.pair(Scores.ALL, several ? Scores.ALL_LENGTHS : view.longest(), method);
    if (pair != null) {
      text.append(several ? " Over all lengths" : " On all tasks");
      text.append(" the difference is ").append(view.signed(pair.delta()));
      text.append(view.percent() ? " points" : "").append(spaced(view.signed(pair.ci95())));
      text.append(pair.p() < 0.001 ? ", p " : ", p = ").append(Format.p(pair.p()));
      text.append(": ").append(pair.verdict()).append('.');
    }
    return text.toString();
  }

  private static String at(SuiteView view) {
    return view.longest() == 0 ? "" : " at " + Format.count(view.longest()) + " tokens";
  }

  private static String spaced(String text) {
    return text.isEmpty() ? "" : " " + text;
  }
}
