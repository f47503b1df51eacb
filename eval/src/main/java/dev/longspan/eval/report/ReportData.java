package dev.longspan.eval.report;

import com.fasterxml.jackson.databind.JsonNode;
import dev.longspan.eval.Generation;
import dev.longspan.eval.Scores;
import dev.longspan.eval.score.Answer;
import dev.longspan.eval.score.ScoredSuite;
import dev.longspan.eval.score.ScoredSuite.Cell;
import java.util.List;

/**
 * What all forms of a report are made of.
 *
 * @param manifest what ran
 * @param scores the values
 * @param suites the answers behind them
 */
record ReportData(JsonNode manifest, Scores scores, List<ScoredSuite> suites) {
  List<SuiteView> views() {
    return SuiteView.of(scores);
  }

  ScoredSuite suite(SuiteView view) {
    return suites.stream().filter(s -> s.name().equals(view.name())).findFirst().orElseThrow();
  }

  /** Returns the rows of the suite that failed, by method and cell. */
  List<Generation> failed(SuiteView view) {
    return view.methods().stream()
        .flatMap(
            method ->
                suite(view).cells().stream()
                    .flatMap(cell -> generations(cell, method).stream())
                    .filter(Generation::failed))
        .toList();
  }

  static List<Generation> generations(Cell cell, String method) {
    return cell.items().stream()
        .flatMap(item -> item.answers().getOrDefault(method, List.of()).stream())
        .map(Answer::generation)
        .toList();
  }

  /** Returns the title, for example {@code pocket: infllm-v2 against dense}. */
  String title() {
    String model = Facts.model(manifest);
    List<String> methods = scores.runs().stream().map(Scores.Run::method).distinct().toList();
    String subject = methods.get(0);
    if (!scores.paired().isEmpty()) {
      subject =
          String.join(" and ", methods.subList(1, methods.size())) + " against " + methods.get(0);
    } else if (methods.size() > 1) {
      subject = String.join(" and ", methods);
    }
    return model.isEmpty() ? subject : model + ": " + subject;
  }
}
