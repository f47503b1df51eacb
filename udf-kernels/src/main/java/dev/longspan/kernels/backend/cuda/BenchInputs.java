package dev.longspan.kernels.backend.cuda;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * How q, k and v of an attention benchmark are distributed; {@code bench_inputs.cu} draws them.
 *
 * <p>How much adjacent tokens agree on their blocks decides how fast sparse prefill can be.
 */
public enum BenchInputs {
  /** Independent normal numbers: adjacent tokens look for different blocks, the worst case. */
  RANDOM,

  /**
   * Normal noise and topics: the keys of each block lean to one of 256 topics, and the queries of
   * each 64 adjacent tokens to the same 8 of them.
   */
  CLUSTERED;

  /**
   * Returns the inputs of a name.
   *
   * @throws IllegalArgumentException if there are none; the message lists the names
   */
  public static BenchInputs parse(String name) {
    return Arrays.stream(values())
        .filter(inputs -> inputs.toString().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "inputs '"
                        + name
                        + "' are unknown; use some of "
                        + Arrays.stream(values())
                            .map(BenchInputs::toString)
                            .collect(Collectors.joining(", "))));
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
