package dev.longspan.kernels.model;

import dev.longspan.kernels.attention.AttentionMethod;
import java.util.Random;
import java.util.stream.IntStream;

/** Small models of any shape for tests; their weights come from RandomWeights. */
public final class TestModels {
  /** Three blocks are forced and two are chosen by score, from 320 tokens on a real choice. */
  public static final SparseConfig SPARSE = new SparseConfig(32, 16, 1, 64, 64, 4, 0, true, false);

  private TestModels() {}

  /** Returns a model of two layers with odd widths and InfLLM-V2 settings that bite early. */
  public static ModelConfig config(int kvHeads, int group, int headDim) {
    return config("MiniCPMForCausalLM", kvHeads, group, headDim, false, false);
  }

  /** Returns a model of two layers; {@code bias} is on q, k, v and o. */
  public static ModelConfig config(
      String architecture, int kvHeads, int group, int headDim, boolean bias, boolean qkNorm) {
    return new ModelConfig(
        architecture,
        52,
        75,
        2,
        kvHeads * group,
        kvHeads,
        headDim,
        101,
        4096,
        1e-5f,
        RopeConfig.plain(10000, headDim),
        12f,
        0.9f,
        0.5f,
        !bias,
        bias,
        bias,
        qkNorm,
        SPARSE);
  }

  /** Returns {@code n} token ids for a model of {@link #config}. */
  public static int[] tokens(int n, long seed) {
    return new Random(seed).ints(n, 0, 101).toArray();
  }

  /** Returns an empty sequence with pages for {@code length} tokens, in no particular order. */
  public static Sequence sequence(AttentionMethod method, int promptLength, int length) {
    Sequence sequence = new Sequence(method, promptLength);
    int pages = pages(length);
    // 7 has no factor in common with pages - 1 or pages, so every page comes once.
    int modulus = pages % 7 == 0 ? pages + 1 : pages;
    IntStream.range(0, modulus)
        .map(i -> (7 * i + 3) % modulus)
        .filter(page -> page < pages)
        .forEach(sequence::addPage);
    return sequence;
  }

  /** Returns how many pages {@code length} tokens take. */
  public static int pages(int length) {
    return (length + 63) / 64;
  }
}
