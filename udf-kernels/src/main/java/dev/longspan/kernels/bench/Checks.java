package dev.longspan.kernels.bench;

import dev.longspan.kernels.model.ModelConfig;
import java.util.Map;
import java.util.TreeMap;

/** What the benches have in common. */
final class Checks {
  private Checks() {}

  static void atLeast(String option, int value, int least) {
    if (value < least) {
      throw new IllegalArgumentException(
          option + " is " + value + " but must be at least " + least);
    }
  }

  static void between(String option, int value, int least, int most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(
          option + " is " + value + " but must be from " + least + " to " + most);
    }
  }

  static void fits(ModelConfig config, int tokens) {
    if (tokens > config.maxPositions()) {
      throw new IllegalArgumentException(
          tokens
              + " tokens are more than the model's context of "
              + config.maxPositions()
              + "; measure shorter ones");
    }
  }

  /** Returns the medians of the other methods of the same run. */
  static Map<String, Double> peers(Map<String, Runs> results, String method) {
    Map<String, Double> peers = new TreeMap<>();
    results.forEach(
        (other, runs) -> {
          if (!other.equals(method)) {
            peers.put("ours-" + other, runs.median());
          }
        });
    return peers;
  }
}
