package dev.longspan.eval.code;

import dev.longspan.eval.text.Thinking;
import java.util.List;

/** Finds the program in an answer, by LiveCodeBench's rule. */
public final class CodeExtraction {
  private CodeExtraction() {}

  /**
   * Returns the lines between the last two lines that hold a code fence; empty if there are fewer.
   *
   * @param answer the model's answer; of a thinking model only what follows its thoughts counts
   */
  public static String program(String answer) {
    List<String> lines = List.of(Thinking.answer(answer).split("\n", -1));
    int last = -1;
    int before = -1;
    for (int i = 0; i < lines.size(); i++) {
      if (lines.get(i).contains("```")) {
        before = last;
        last = i;
      }
    }
    return before < 0 ? "" : String.join("\n", lines.subList(before + 1, last));
  }
}
