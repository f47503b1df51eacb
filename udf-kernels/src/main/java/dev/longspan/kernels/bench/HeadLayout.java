package dev.longspan.kernels.bench;

import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.RopeConfig;
import dev.longspan.kernels.model.SparseConfig;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The heads of a model's attention, written as {@code 32/2x128}.
 *
 * @param heads query heads
 * @param kvHeads key and value heads
 * @param headDim elements of a head
 */
public record HeadLayout(int heads, int kvHeads, int headDim) {
  private static final Pattern TEXT = Pattern.compile("(\\d{1,4})/(\\d{1,4})x(\\d{1,4})");

  /** Checks that the kernels have such heads; a message says which they have. */
  public HeadLayout {
    if (kvHeads < 1 || heads < kvHeads || heads % kvHeads != 0 || heads / kvHeads > 16) {
      throw new IllegalArgumentException(
          String.format(
              "heads %d/%dx%d: the query heads must be 1 to 16 times the KV heads",
              heads, kvHeads, headDim));
    }
    if (headDim != 64 && headDim != 128) {
      throw new IllegalArgumentException(
          String.format(
              "heads %d/%dx%d: the kernels have heads of 64 and of 128 elements",
              heads, kvHeads, headDim));
    }
  }

  /**
   * Reads a layout.
   *
   * @throws IllegalArgumentException if it is none
   */
  public static HeadLayout parse(String text) {
    Matcher matcher = TEXT.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "heads '" + text + "': write query heads / KV heads x elements, such as 32/2x128");
    }
    return new HeadLayout(
        Integer.parseInt(matcher.group(1)),
        Integer.parseInt(matcher.group(2)),
        Integer.parseInt(matcher.group(3)));
  }

  /** Returns the heads of a model. */
  public static HeadLayout of(ModelConfig config) {
    return new HeadLayout(config.heads(), config.kvHeads(), config.headDim());
  }

  /** Returns a model of one layer that is attention and nothing else. */
  ModelConfig layer(SparseConfig sparse) {
    return new ModelConfig(
        "attention",
        0,
        0,
        1,
        heads,
        kvHeads,
        headDim,
        0,
        0,
        1e-5f,
        RopeConfig.plain(1e4, headDim),
        1,
        1,
        1,
        false,
        false,
        false,
        false,
        sparse);
  }

  @Override
  public String toString() {
    return heads + "/" + kvHeads + "x" + headDim;
  }
}
