package dev.longspan.eval.longppl;

import dev.longspan.datasets.DatasetException;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Key tokens as text, so that the evaluator has to run once only.
 *
 * <p>Spans of characters, {@code [start, end];[start, end]}; empty if the document has no key
 * token. The files published with LongPPL hold one such line each, one file a document.
 */
public final class KeyText {
  private static final Pattern SPAN = Pattern.compile("\\[(\\d{1,9}), ?(\\d{1,9})]");

  private KeyText() {}

  /**
   * Returns the spans of a text.
   *
   * @param where what messages call it
   * @throws DatasetException if the text is not of this form, with its spans in order
   */
  public static TextSpan[] parse(String where, String text) {
    if (text.isBlank()) {
      return new TextSpan[0];
    }
    List<String> fields = List.of(text.strip().split(";", -1));
    TextSpan[] spans = new TextSpan[fields.size()];
    int end = 0;
    for (int i = 0; i < spans.length; i++) {
      Matcher matcher = SPAN.matcher(fields.get(i));
      int start = matcher.matches() ? Integer.parseInt(matcher.group(1)) : -1;
      int stop = matcher.matches() ? Integer.parseInt(matcher.group(2)) : -1;
      if (start < end || stop < start) {
        throw new DatasetException(
            where
                + ": span "
                + (i + 1)
                + " is '"
                + fields.get(i)
                + "'; expected [start, end] with a start of at least "
                + end);
      }
      spans[i] = new TextSpan(start, stop);
      end = stop;
    }
    return spans;
  }

  /** Returns the text of {@code spans}. */
  public static String format(TextSpan[] spans) {
    return Arrays.stream(spans)
        .map(span -> "[" + span.start() + ", " + span.end() + "]")
        .collect(Collectors.joining(";"));
  }
}
