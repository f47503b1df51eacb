package dev.longspan.eval.report;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A table that both forms of the report print.
 *
 * @param align a letter for each column, {@code l} or {@code r}
 * @param header names of the columns
 * @param rows cells as plain text
 */
record Table(String align, List<String> header, List<List<String>> rows) {
  /** Extra markup of a row in HTML. */
  interface Decoration {
    /** Returns the classes of the row. */
    default String rowClass(int row) {
      return "";
    }

    /** Returns the markup of a last cell, or null for a table without one. */
    default String lastCell(int row) {
      return null;
    }
  }

  private static final Decoration PLAIN = new Decoration() {};

  String html() {
    return html(PLAIN, "");
  }

  String html(Decoration decoration, String lastHeader) {
    StringBuilder out = new StringBuilder("<div class=\"scroll\"><table>\n<thead><tr>");
    for (int i = 0; i < header.size(); i++) {
      out.append("<th").append(cellClass(i)).append('>').append(Text.html(header.get(i)));
      out.append("</th>");
    }
    if (!lastHeader.isEmpty()) {
      out.append("<th class=\"c\">").append(lastHeader).append("</th>");
    }
    out.append("</tr></thead>\n<tbody>\n");
    for (int r = 0; r < rows.size(); r++) {
      String rowClass = decoration.rowClass(r);
      out.append(rowClass.isEmpty() ? "<tr>" : "<tr class=\"" + rowClass + "\">");
      for (int i = 0; i < header.size(); i++) {
        out.append("<td").append(cellClass(i)).append('>');
        out.append(Text.html(rows.get(r).get(i))).append("</td>");
      }
      String last = decoration.lastCell(r);
      out.append(last == null ? "" : "<td class=\"c\">" + last + "</td>").append("</tr>\n");
    }
    return out.append("</tbody></table></div>\n").toString();
  }

  private String cellClass(int column) {
    return align.charAt(column) == 'r' ? " class=\"n\"" : "";
  }

  String markdown() {
    StringBuilder out = new StringBuilder(line(header));
    out.append(
        IntStream.range(0, header.size())
            .mapToObj(i -> align.charAt(i) == 'r' ? "---:" : "---")
            .collect(Collectors.joining(" | ", "| ", " |\n")));
    rows.forEach(row -> out.append(line(row)));
    return out.append('\n').toString();
  }

  private static String line(List<String> cells) {
    return cells.stream().map(Text::markdown).collect(Collectors.joining(" | ", "| ", " |\n"));
  }
}
