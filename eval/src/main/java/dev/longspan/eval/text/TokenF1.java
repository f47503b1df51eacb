package dev.longspan.eval.text;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** F1 of two bags of tokens, the measure of SQuAD and its descendants. */
public final class TokenF1 {
  private TokenF1() {}

  /**
   * Returns the harmonic mean of precision and recall of the common tokens; 0 if none is common.
   */
  public static double of(List<String> prediction, List<String> reference) {
    Map<String, Integer> left = new HashMap<>();
    for (String token : reference) {
      left.merge(token, 1, Integer::sum);
    }
    int same = 0;
    for (String token : prediction) {
      Integer count = left.get(token);
      if (count != null && count > 0) {
        left.put(token, count - 1);
        same++;
      }
    }
    if (same == 0) {
      return 0;
    }
    double precision = 1.0 * same / prediction.size();
    double recall = 1.0 * same / reference.size();
    return 2 * precision * recall / (precision + recall);
  }
}
