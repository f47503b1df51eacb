package dev.longspan.kernels.backend;

import dev.longspan.kernels.checkpoint.Tensor;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.Pending;
import dev.longspan.kernels.model.Step;

/**
 * The coarse operations of a decoder on one device.
 *
 * <p>A row's result never depends on the other rows of a call: the order of every sum is fixed by
 * the row's own data. Not thread safe: one engine thread drives a backend.
 */
public interface Backend extends AutoCloseable {

  /** What {@link #matmul} does with each product. */
  enum Epilogue {
    /** out = x W^T (+ bias). */
    STORE,
    /** out += scale * (x W^T (+ bias)). */
    ADD_SCALED,
    /** out = silu(x G^T) * (x U^T), where W holds the rows of G and then those of U. */
    SWIGLU
  }

  /** Returns {@code scalar}, {@code vector} or {@code cuda}. */
  String name();

  /** Returns the device and its settings in one line, for logs and manifests. */
  String description();

  /** Returns how this backend wants to be driven. */
  default Driving driving() {
    return Driving.ANYHOW;
  }

  /**
   * How steps must be formed.
   *
   * @param separatePhases whether a step holds rows of prompts or rows of answers but not both, and
   *     of an answer one row: where the two go through different arithmetic, a row's result would
   *     otherwise depend on what was computed again with it
   * @param answerRows most rows in a step of answers
   * @param ahead whether a step may be launched before the one before it has been collected, with
   *     {@link Step#DRAWN} for tokens that are not known yet
   */
  record Driving(boolean separatePhases, int answerRows, boolean ahead) {
    /** Rows of any kind together, one step at a time. */
    public static final Driving ANYHOW = new Driving(false, Integer.MAX_VALUE, false);
  }

  /** The operations of a forward pass, in order. */
  @FunctionalInterface
  interface Pass {
    /** Calls the operations; the last is {@link Backend#pick}, whose result it returns. */
    Pending run(Step step, KvStore kv);
  }

  /**
   * Runs a forward pass.
   *
   * <p>A backend may record the operations and replay them for later steps of the same shape: a
   * pass must call the same operations on the same buffers each time.
   */
  default Pending run(Step step, KvStore kv, Pass pass) {
    return pass.run(step, kv);
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

  /**
   * Tells every block selection that {@link #attend} makes from now on.
   *
   * @param listener called before the call of {@code attend} returns; null for none
   */
  void onSelect(SelectionListener listener);

  /** Attends for every row by its sequence's method; {@code out} is [rows, heads * headDim]. */
  void attend(ModelConfig config, Buffer qkv, Step step, int layer, KvStore kv, Buffer out);

  /**
   * Computes the logits of the picked rows, head(logitScale * rmsNorm(x)), and does with each what
   * its pick says.
   *
   * @param x hidden states [rows, hidden]
   * @param norm weight of the RMSNorm
   */
  Pending pick(ModelConfig config, Buffer x, Step step, Buffer norm, Weight head);

  @Override
  void close();
}
