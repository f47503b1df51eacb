package dev.longspan.kernels.model;

import dev.longspan.kernels.attention.InfLlmV2;
import dev.longspan.kernels.backend.Backend;
import dev.longspan.kernels.backend.Decoder;
import dev.longspan.kernels.backend.KvStore;
import dev.longspan.kernels.checkpoint.Checkpoint;
import dev.longspan.kernels.checkpoint.CheckpointException;
import dev.longspan.kernels.checkpoint.WeightSource;
import java.nio.file.Path;

/**
 * A decoder of the Llama family (MiniCPM4, Llama, Qwen2, Qwen3) on a backend: checks what goes in.
 *
 * <p>Not thread safe. {@link #close} frees weights and activations; the backend and the cache stay
 * their owners' business.
 */
public final class Model implements AutoCloseable {
  private final ModelConfig config;
  private final Backend backend;
  private final Decoder decoder;

  private Model(ModelConfig config, WeightSource weights, Backend backend) {
    this.config = config;
    this.backend = backend;
    decoder = backend.load(config, weights);
  }

  /**
   * Reads the model of a Hugging Face folder.
   *
   * @throws CheckpointException if config.json or the weights are missing, damaged or unsupported
   */
  public static Model load(Path folder, Backend backend) {
    ModelConfig config = ModelConfigReader.read(folder);
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      return new Model(config, checkpoint, backend);
    }
  }

  /**
   * Reads a model from weights that the caller has.
   *
   * @throws CheckpointException if a tensor is missing or misshaped
   */
  public static Model of(ModelConfig config, WeightSource weights, Backend backend) {
    return new Model(config, weights, backend);
  }

  /** Returns the shape and the constants. */
  public ModelConfig config() {
    return config;
  }

  /** Returns the backend that holds the weights. */
  public Backend backend() {
    return backend;
  }

  /** Returns the weights on their device, for what concerns memory. */
  public Decoder decoder() {
    return decoder;
  }

  /** Returns an empty cache of {@code pages} pages for this model. */
  public KvStore kvStore(int pages) {
    return decoder.kvStore(pages);
  }

  /**
   * Starts to run the rows of a step through the decoder, writes their keys and values to the cache
   * and advances their sequences.
   *
   * <p>Steps run in the order of their launch. Where the backend does not {@linkplain
   * Backend.Driving#ahead run ahead}, the step has run when this returns.
   *
   * @throws IllegalArgumentException if the step does not fit the model, the cache, its sequences
   *     or the backend; nothing has been written then
   */
  public Pending launch(Step step, KvStore kv) {
    check(step, kv);
    if (step.rows() == 0) {
      return () -> new Results(new int[0], new float[0]);
    }
    Pending pending = decoder.launch(step, kv);
    for (Step.Segment segment : step.segments()) {
      segment.sequence().advance(segment.count());
    }
    return pending;
  }

  /** Launches a step and waits for it. */
  public Results forward(Step step, KvStore kv) {
    return launch(step, kv).collect();
  }

  private void check(Step step, KvStore kv) {
    int next = 0;
    for (Step.Segment segment : step.segments()) {
      check(segment, next, kv);
      next += segment.count();
    }
    if (next != step.rows()) {
      throw new IllegalArgumentException(
          "segments cover " + next + " rows but the step has " + step.rows());
    }
    boolean ahead = backend.driving().ahead();
    for (int i = 0; i < step.rows(); i++) {
      int token = step.tokens()[i];
      if ((token < 0 || token >= config.vocabSize()) && !(ahead && token == Step.DRAWN)) {
        throw new IllegalArgumentException(
            String.format(
                "token %d in row %d is outside the vocabulary of %d; does the tokenizer belong to"
                    + " this model?",
                token, i, config.vocabSize()));
      }
    }
    int previous = -1;
    for (Pick pick : step.picks()) {
      if (pick.row() <= previous || pick.row() >= step.rows()) {
        throw new IllegalArgumentException(
            String.format(
                "pick of row %d after row %d: must ascend and stay below %d",
                pick.row(), previous, next));
      }
      previous = pick.row();
    }
    checkPhases(step);
  }

  private void checkPhases(Step step) {
    Backend.Driving driving = backend.driving();
    if (!driving.separatePhases() || step.segments().isEmpty()) {
      return;
    }
    boolean answers = step.segments().get(0).answer();
    for (Step.Segment segment : step.segments()) {
      int prompt = segment.sequence().promptLength();
      if (segment.answer() != answers
          || (answers ? segment.count() > 1 : segment.start() + segment.count() > prompt)) {
        throw new IllegalArgumentException(
            String.format(
                "segment of %d rows from position %d of a sequence with a prompt of %d tokens in a"
                    + " step of %s: backend %s takes rows of prompts and rows of answers in"
                    + " different steps, and one row of each answer",
                segment.count(),
                segment.start(),
                prompt,
                answers ? "answers" : "prompts",
                backend.name()));
      }
    }
    if (answers && step.rows() > driving.answerRows()) {
      throw new IllegalArgumentException(
          String.format(
              "step of %d answers: backend %s takes at most %d at once",
              step.rows(), backend.name(), driving.answerRows()));
    }
  }

  private void check(Step.Segment segment, int firstRow, KvStore kv) {
    Sequence sequence = segment.sequence();
    if (segment.firstRow() != firstRow || segment.count() < 1) {
      throw new IllegalArgumentException(
          String.format(
              "segment of %d rows starts at row %d: segments follow each other without gaps and"
                  + " hold at least one row, so it must start at row %d",
              segment.count(), segment.firstRow(), firstRow));
    }
    if (segment.start() != sequence.length()) {
      throw new IllegalArgumentException(
          String.format(
              "segment starts at position %d but its sequence has %d tokens in the cache; feed"
                  + " each token once and in order",
              segment.start(), sequence.length()));
    }
    int end = segment.start() + segment.count();
    if (sequence.pageCount() * KvStore.PAGE < end) {
      throw new IllegalArgumentException(
          String.format(
              "sequence holds %d pages = %d tokens but the step needs %d; add pages before the"
                  + " step",
              sequence.pageCount(), sequence.pageCount() * KvStore.PAGE, end));
    }
    for (int i = segment.start() / KvStore.PAGE; i * KvStore.PAGE < end; i++) {
      if (sequence.page(i) < 0 || sequence.page(i) >= kv.pages()) {
        throw new IllegalArgumentException(
            String.format(
                "sequence holds page %d but the cache has pages 0 to %d; pages belong to one cache",
                sequence.page(i), kv.pages() - 1));
      }
    }
    if (sequence.method() instanceof InfLlmV2 method) {
      SparseConfig cache = config.sparseOrDefault();
      SparseConfig asked = method.config();
      if (asked.kernelSize() != cache.kernelSize()
          || asked.kernelStride() != cache.kernelStride()) {
        throw new IllegalArgumentException(
            String.format(
                "infllm-v2 with kernel_size %d and kernel_stride %d cannot read this model's"
                    + " cache, which is compressed by %d and %d; use the model's own values",
                asked.kernelSize(),
                asked.kernelStride(),
                cache.kernelSize(),
                cache.kernelStride()));
      }
    }
  }

  @Override
  public void close() {
    decoder.close();
  }
}
