package dev.longspan.eval.score.aime;

import dev.longspan.eval.text.PyStrings;
import java.util.List;

/** Which part of a response lm-evaluation-harness takes for the answer to an AIME problem. */
final class LmEvalAnswer {
  private static final String BOX = "\\boxed{";
  private static final String OPEN_BOX = "\\boxed ";

  private LmEvalAnswer() {}

  /** Returns the answer; the whole response if it has neither a box nor two dollar signs. */
  static String of(String response) {
    String box = boxed(response);
    if (box != null) {
      return box;
    }
    int first = response.indexOf('$');
    int last = response.lastIndexOf('$');
    return first == last ? response : response.substring(first + 1, last);
  }

  private static String boxed(String response) {
    if (response.contains(OPEN_BOX)) {
      // A box followed by a blank, wherever it stands, goes on to the next dollar sign.
      List<String> pieces = PyStrings.split(response, OPEN_BOX);
      return PyStrings.split(pieces.get(pieces.size() - 1), "$").get(0);
    }
    int start = response.lastIndexOf("\\boxed");
    int end = start < 0 ? -1 : Boxed.close(response, start);
    // The harness looks for \fbox{...} too, but then cannot take it apart: it counts as no box.
    return end >= 0 && response.startsWith(BOX, start)
        ? response.substring(start + BOX.length(), end)
        : null;
  }
}
