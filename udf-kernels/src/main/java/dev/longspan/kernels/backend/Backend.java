package dev.longspan.kernels.backend;

import dev.longspan.kernels.checkpoint.WeightSource;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.Step;

/**
 * A device that decoders run on.
 *
 * <p>Not thread safe: one engine thread drives a backend and all that it made.
 */
public interface Backend extends AutoCloseable {
  /** Returns {@code scalar}, {@code vector} or {@code cuda}. */
  String name();

  /** Returns the device and its settings in one line, for logs and manifests. */
  String description();

  /** Returns the bytes of memory of the device that are free now. */
  long freeMemory();

  /** Returns how this backend wants to be driven. */
  Driving driving();

  /**
   * Brings a model to the device.
   *
   * @throws IllegalArgumentException if this backend cannot run such a model
   * @throws dev.longspan.kernels.checkpoint.CheckpointException if a tensor is missing or misshaped
   */
  Decoder load(ModelConfig config, WeightSource weights);

  /**
   * Tells every block selection of sparse attention from now on.
   *
   * @param listener called before the results of a step can be collected; null for none
   */
  void onSelect(SelectionListener listener);

  @Override
  void close();

  /**
   * How steps must be formed.
   *
   * @param separatePhases whether a step holds rows of prompts or rows of answers but not both, and
   *     of an answer one row: where the two go through different arithmetic, a row's result would
   *     otherwise depend on what was computed again with it
   * @param promptRows rows of prompts in a step that suit the device
   * @param answerRows most rows in a step of answers
   * @param ahead whether a step may be launched before the one before it has been collected, with
   *     {@link Step#DRAWN} for tokens that are not known yet
   */
  record Driving(boolean separatePhases, int promptRows, int answerRows, boolean ahead) {
    /** Rows of any kind together, one step at a time: what suits a processor. */
    public static final Driving HOST = new Driving(false, 512, Integer.MAX_VALUE, false);
  }
}
