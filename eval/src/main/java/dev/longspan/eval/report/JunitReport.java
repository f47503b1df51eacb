package dev.longspan.eval.report;

import dev.longspan.eval.Generation;
import dev.longspan.eval.Scores;
import dev.longspan.eval.Scores.Paired;
import dev.longspan.eval.Scores.Score;
import dev.longspan.eval.score.ScoredSuite.Cell;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;

/**
 * The run as JUnit XML for build servers: a suite for each method, a case for each task and length.
 *
 * <p>A case fails where rows failed or the method is worse than the baseline beyond noise, and is
 * skipped where it has no row. The means over tasks are cases too, so that a loss that is spread
 * over many tasks is seen.
 */
final class JunitReport {
  private record Case(String name, double seconds, String output, String failure, boolean empty) {}

  private final ReportData data;

  private JunitReport(ReportData data) {
    this.data = data;
  }

  static String of(ReportData data) {
    try {
      return new JunitReport(data).write();
    } catch (XMLStreamException e) {
      throw new IllegalStateException("XML cannot be written into memory", e);
    }
  }

  private String write() throws XMLStreamException {
    StringWriter text = new StringWriter();
    XMLStreamWriter xml = XMLOutputFactory.newFactory().createXMLStreamWriter(text);
    xml.writeStartDocument("UTF-8", "1.0");
    newline(xml, 0);
    xml.writeStartElement("testsuites");
    xml.writeAttribute("name", Text.visible(data.title()));
    for (SuiteView view : data.views()) {
      for (String method : view.methods()) {
        suite(xml, view.name() + "." + method, cases(view, method));
      }
    }
    newline(xml, 0);
    xml.writeEndElement();
    xml.writeEndDocument();
    xml.close();
    return text.append('\n').toString();
  }

  private List<Case> cases(SuiteView view, String method) {
    List<Case> cases = new ArrayList<>();
    for (Cell cell : data.suite(view).cells()) {
      List<Generation> rows = ReportData.generations(cell, method);
      Score score = view.score(cell.task(), cell.length(), method);
      List<String> failures = new ArrayList<>();
      rows.stream()
          .filter(Generation::failed)
          .collect(Collectors.groupingBy(Generation::errorCode, Collectors.toList()))
          .forEach(
              (code, failed) ->
                  failures.add(
                      failed.size()
                          + " rows failed with "
                          + code
                          + ": "
                          + failed.get(0).errorMessage()));
      double seconds =
          rows.stream().mapToDouble(row -> row.prefillSeconds() + row.decodeSeconds()).sum();
      cases.add(testCase(view, cell.task(), cell.length(), method, score, seconds, failures));
    }
    for (int length : view.lengths()) {
      Score score = view.metric(Scores.MEAN, length, method);
      cases.add(testCase(view, Scores.ALL, length, method, score, 0, new ArrayList<>()));
    }
    return cases;
  }

  private static Case testCase(
      SuiteView view,
      String task,
      int length,
      String method,
      Score score,
      double seconds,
      List<String> failures) {
    Paired pair = view.pair(task, length, method);
    if (pair != null && pair.verdict().equals("worse")) {
      failures.add(
          String.format(
              "worse than %s by %s%s %s, p Holm %s, n = %d",
              pair.baseline(),
              view.text(Math.abs(pair.delta())),
              view.percent() ? " points" : "",
              view.signed(pair.ci95()),
              Format.p(pair.pHolm()),
              pair.n()));
    }
    String output =
        String.format(
            "%s %s %s, n = %d",
            score.metric(), view.text(score.value()), view.text(score.ci95()), score.n());
    return new Case(
        length == 0 ? task : task + "/" + length,
        seconds,
        output,
        failures.isEmpty() ? null : String.join("; ", failures),
        score.value() == null);
  }

  private static void suite(XMLStreamWriter xml, String name, List<Case> cases)
      throws XMLStreamException {
    newline(xml, 1);
    xml.writeStartElement("testsuite");
    xml.writeAttribute("name", Text.visible(name));
    xml.writeAttribute("tests", String.valueOf(cases.size()));
    xml.writeAttribute("failures", count(cases.stream().filter(c -> c.failure() != null).count()));
    xml.writeAttribute("errors", "0");
    xml.writeAttribute(
        "skipped", count(cases.stream().filter(c -> c.failure() == null && c.empty()).count()));
    xml.writeAttribute("time", time(cases.stream().mapToDouble(Case::seconds).sum()));
    for (Case one : cases) {
      newline(xml, 2);
      xml.writeStartElement("testcase");
      xml.writeAttribute("classname", Text.visible(name));
      xml.writeAttribute("name", Text.visible(one.name()));
      xml.writeAttribute("time", time(one.seconds()));
      if (one.failure() != null) {
        newline(xml, 3);
        xml.writeStartElement("failure");
        xml.writeAttribute("message", Text.visible(Text.clip(one.failure(), 400)));
        xml.writeAttribute("type", "regression-or-error");
        xml.writeCharacters(Text.visible(one.failure()));
        xml.writeEndElement();
      } else if (one.empty()) {
        newline(xml, 3);
        xml.writeEmptyElement("skipped");
        xml.writeAttribute("message", "no row to score");
      }
      newline(xml, 3);
      xml.writeStartElement("system-out");
      xml.writeCharacters(one.output());
      xml.writeEndElement();
      newline(xml, 2);
      xml.writeEndElement();
    }
    newline(xml, 1);
    xml.writeEndElement();
  }

  private static void newline(XMLStreamWriter xml, int depth) throws XMLStreamException {
    xml.writeCharacters("\n" + "  ".repeat(depth));
  }

  private static String count(long value) {
    return String.valueOf(value);
  }

  private static String time(double seconds) {
    return String.format(Locale.ROOT, "%.3f", seconds);
  }
}
