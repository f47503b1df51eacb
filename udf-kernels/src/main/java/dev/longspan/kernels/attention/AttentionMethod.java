package dev.longspan.kernels.attention;

/**
 * A way to attend: the unit of comparison.
 *
 * <p>Each method is one class that holds its settings and its plain reference. A backend may bring
 * a faster kernel for it; the reference is what that kernel is tested against.
 */
public interface AttentionMethod {
  /** Returns the name on the command line and in reports, for example {@code infllm-v2}. */
  String name();

  /** Returns the settings that change results, for keys and manifests, in one line. */
  String describe();

  /**
   * Returns what the keys and values of a prompt depend on beside its tokens: prompts of the same
   * key can share those of a common start. Methods share nothing, even where they compute the same:
   * in a comparison no method may get for free what another has paid for.
   *
   * @param promptLength tokens of the prompt
   */
  String cacheKey(int promptLength);

  /**
   * Attends for one query token with plain loops.
   *
   * @param q the rotated query, [heads, headDim] from {@code qAt}
   * @param qAt first index in {@code q}
   * @param position 0-based position of the token; its own key and value are in the cache
   * @param decisionLength the length that chooses between dense and sparse
   * @param kv one layer of the sequence's cache
   * @param out where the result goes, [heads, headDim] from {@code outAt}
   * @param outAt first index in {@code out}
   */
  void attend(
      float[] q, int qAt, int position, int decisionLength, KvView kv, float[] out, int outAt);
}
