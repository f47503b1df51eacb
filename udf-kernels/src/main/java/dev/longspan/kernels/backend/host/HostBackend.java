package dev.longspan.kernels.backend.host;

import dev.longspan.kernels.backend.Backend;
import dev.longspan.kernels.backend.Decoder;
import dev.longspan.kernels.backend.KvStore;
import dev.longspan.kernels.checkpoint.Tensor;
import dev.longspan.kernels.checkpoint.WeightSource;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.Results;
import dev.longspan.kernels.model.Step;

/**
 * The coarse operations of a decoder on the processor.
 *
 * <p>A row's result never depends on the other rows of a call: the order of every sum is fixed by
 * the row's own data.
 */
public interface HostBackend extends Backend {

  /** What {@link #matmul} does with each product. */
  enum Epilogue {
    /** out = x W^T (+ bias). */
    STORE,
    /** out += scale * (x W^T (+ bias)). */
    ADD_SCALED,
    /** out = silu(x G^T) * (x U^T), where W holds the rows of G and then those of U. */
    SWIGLU
  }

  @Override
  default Decoder load(ModelConfig config, WeightSource weights) {
    return new HostDecoder(this, config, weights);
  }

  /** Returns what the heap may still grow by, and what is free in it. */
  @Override
  default long freeMemory() {
    Runtime runtime = Runtime.getRuntime();
    return runtime.maxMemory() - runtime.totalMemory() + runtime.freeMemory();
  }

  /** Returns a buffer for {@code elements} activations. */
  Buffer allocate(long elements);

  /** Returns a one-dimensional parameter (norm weight or bias): all {@code parts} end to end. */
  Buffer parameter(Tensor... parts);

  /**
   * Returns a matrix of the rows of all {@code parts}, one after another; each is [out, in] and is
   * read before this returns.
   */
  Weight weight(Tensor... parts);

  /**
   * Returns empty cache pages.
   *
   * @param config the model; its sparse settings decide the compressed keys
   * @param pages number of pages; memory may be taken as pages are first written
   */
  KvStore kvStore(ModelConfig config, int pages);

  /** Writes {@code scale * table[tokens[i]]} to row i of {@code out}. */
  void embed(Weight table, int[] tokens, float scale, Buffer out);

  /** Writes the RMSNorm of each row of {@code x} [rows, cols] to {@code out}; may be in place. */
  void rmsNorm(Buffer x, int rows, int cols, Buffer weight, float eps, Buffer out);

  /**
   * Multiplies {@code x} [rows, in] by {@code w} transposed into {@code out} [rows, out].
   *
   * @param bias [out], or null
   * @param scale used by {@link Epilogue#ADD_SCALED} only
   */
  void matmul(
      Buffer x, int rows, Weight w, Buffer bias, Epilogue epilogue, float scale, Buffer out);

  /**
   * Rotates q and k, writes k, v and the compressed keys that the step completes to the cache.
   *
   * @param qkv [rows, qkvSize]: all q heads, all k heads, all v heads; q is rotated in place
   * @param qNorm RMSNorm weight of q per head [headDim] before the rotation, or null
   * @param kNorm the same for k
   */
  void ropeAndStore(
      ModelConfig config, Buffer qkv, Buffer qNorm, Buffer kNorm, Step step, int layer, KvStore kv);

  /** Attends for every row by its sequence's method; {@code out} is [rows, heads * headDim]. */
  void attend(ModelConfig config, Buffer qkv, Step step, int layer, KvStore kv, Buffer out);

  /**
   * Computes the logits of the picked rows, head(logitScale * rmsNorm(x)), and does with each what
   * its pick says.
   *
   * @param x hidden states [rows, hidden]
   * @param norm weight of the RMSNorm
   */
  Results pick(ModelConfig config, Buffer x, Step step, Buffer norm, Weight head);
}
