package dev.longspan.datasets.ruler;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A draft after a worked example.
 *
 * @param example what stands before the question
 * @param draft the question
 */
record Exampled(String example, Draft draft) implements Draft {
  @Override
  public int smallest() {
    return draft.smallest();
  }

  @Override
  public int largest() {
    return draft.largest();
  }

  @Override
  public Prompt at(int units) {
    Prompt prompt = draft.at(units);
    Map<String, String> info = new LinkedHashMap<>(prompt.info());
    info.put("example", "yes");
    return new Prompt(example + prompt.text(), prompt.answerPrefix(), prompt.references(), info);
  }

  /** Returns the text of an example: the prompt, its answer, and the end of the line. */
  static String solved(Prompt prompt, String answer) {
    return prompt.text() + prompt.answerPrefix().stripTrailing() + " " + answer + "\n";
  }
}
