package dev.longspan.eval.longppl;

import dev.longspan.datasets.DatasetException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Key tokens kept in a file, so that the evaluator has to run once only.
 *
 * <p>One line of spans of characters, {@code [start, end];[start, end]}; an empty file if the
 * document has no key token. The files published with LongPPL are of this form, one a document.
 */
public final class KeyTextFile {
  private static final Pattern SPAN = Pattern.compile("\\[(\\d{1,9}), ?(\\d{1,9})]");

  private KeyTextFile() {}

  /**
   * Returns the spans in {@code file}.
   *
   * @throws DatasetException if the file cannot be read or is not of this form, with its spans in
   *     order
   */
  public static TextSpan[] read(Path file) {
    String text;
    try {
      text = Files.readString(file).strip();
    } catch (IOException e) {
      throw new DatasetException("cannot read the key tokens in " + file + ": " + e, e);
    }
    if (text.isEmpty()) {
      return new TextSpan[0];
    }
    List<String> fields = List.of(text.split(";", -1));
    TextSpan[] spans = new TextSpan[fields.size()];
    int end = 0;
    for (int i = 0; i < spans.length; i++) {
      Matcher matcher = SPAN.matcher(fields.get(i));
      int start = matcher.matches() ? Integer.parseInt(matcher.group(1)) : -1;
      int stop = matcher.matches() ? Integer.parseInt(matcher.group(2)) : -1;
      if (start < end || stop < start) {
        throw new DatasetException(
            file
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

  /** Writes {@code spans} to {@code file}. */
  public static void write(Path file, TextSpan[] spans) throws IOException {
    Files.writeString(
        file,
        Arrays.stream(spans)
            .map(span -> "[" + span.start() + ", " + span.end() + "]")
            .collect(Collectors.joining(";")));
  }
}
