package dev.longspan.kernels.bench;

import dev.longspan.kernels.attention.AttentionMethod;
import dev.longspan.kernels.attention.AttentionMethods;
import dev.longspan.kernels.attention.InfLlmV2;
import dev.longspan.kernels.backend.Backend;
import dev.longspan.kernels.backend.Backends;
import dev.longspan.kernels.checkpoint.Dtype;
import dev.longspan.kernels.checkpoint.RandomWeights;
import dev.longspan.kernels.model.Model;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.RopeConfig;
import dev.longspan.kernels.model.SparseConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A model to measure, with the backend that runs it. */
public final class BenchModel implements AutoCloseable {
  private static final SparseConfig POCKET_SPARSE =
      new SparseConfig(32, 16, 1, 64, 512, 24, 4096, true, false);

  private static final Map<String, ModelConfig> SHAPES =
      new TreeMap<>(
          Map.of(
              "pocket", shape(256, 704, 10, 4, 2, 64, 8192, 32768, true, POCKET_SPARSE),
              "minicpm4-0.5b",
                  shape(1024, 4096, 24, 16, 2, 64, 73448, 32768, true, SparseConfig.MINICPM4),
              "minicpm4.1-8b",
                  shape(4096, 16384, 32, 32, 2, 128, 73448, 131072, false, SparseConfig.MINICPM4),
              "llama-3-8b", shape(4096, 14336, 32, 32, 8, 128, 128256, 131072, false, null)));

  private final String name;
  private final Backend backend;
  private final Model model;
  private Integer denseLength;

  private BenchModel(String name, Backend backend, Model model) {
    this.name = name;
    this.backend = backend;
    this.model = model;
  }

  private static ModelConfig shape(
      int hidden,
      int intermediate,
      int layers,
      int heads,
      int kvHeads,
      int headDim,
      int vocab,
      int positions,
      boolean tied,
      SparseConfig sparse) {
    return new ModelConfig(
        "MiniCPMForCausalLM",
        hidden,
        intermediate,
        layers,
        heads,
        kvHeads,
        headDim,
        vocab,
        positions,
        1e-5f,
        RopeConfig.plain(10000, headDim),
        12f,
        (float) (1.4 / Math.sqrt(layers)),
        256f / hidden,
        tied,
        false,
        false,
        false,
        sparse);
  }

  /** Returns the names of the shapes that {@link #random} knows. */
  public static List<String> shapes() {
    return new ArrayList<>(SHAPES.keySet());
  }

  /**
   * Returns the sizes of a shape.
   *
   * @throws IllegalArgumentException if there is no such shape; the message lists them
   */
  public static ModelConfig config(String shape) {
    ModelConfig config = SHAPES.get(shape);
    if (config == null) {
      throw new IllegalArgumentException(
          "shape '" + shape + "' is unknown; use one of " + String.join(", ", shapes()));
    }
    return config;
  }

  /**
   * Opens the model of a Hugging Face folder.
   *
   * @param backend name of the backend, as {@link Backends#open} takes it
   * @throws dev.longspan.kernels.checkpoint.CheckpointException if the folder cannot be used
   */
  public static BenchModel open(Path folder, String backend) {
    return open(folder, Backends.open(backend));
  }

  /** Opens the model of a Hugging Face folder on a backend, which is closed with it. */
  static BenchModel open(Path folder, Backend opened) {
    try {
      Path last = folder.toAbsolutePath().normalize().getFileName();
      return new BenchModel(String.valueOf(last), opened, Model.load(folder, opened));
    } catch (RuntimeException | Error e) {
      opened.close();
      throw e;
    }
  }

  /**
   * Makes a model with random bfloat16 weights: as fast as a trained one of the same shape.
   *
   * @param shape one of {@link #shapes}
   * @param backend name of the backend, as {@link Backends#open} takes it
   * @throws IllegalArgumentException if there is no such shape; the message lists them
   */
  public static BenchModel random(String shape, String backend) {
    ModelConfig config = config(shape);
    Backend opened = Backends.open(backend);
    try {
      Model model = Model.of(config, new RandomWeights(1, Dtype.BF16), opened);
      return new BenchModel(shape + " (random)", opened, model);
    } catch (RuntimeException | Error e) {
      opened.close();
      throw e;
    }
  }

  /** Lets infllm-v2 be dense below so many tokens; null for the model's own {@code dense_len}. */
  public void setDenseLength(Integer tokens) {
    Checks.atLeast("dense-len", tokens == null ? 0 : tokens, 0);
    denseLength = tokens;
  }

  /**
   * Returns an attention method with the settings of the model.
   *
   * @throws IllegalArgumentException if the name is unknown; the message lists the known ones
   */
  AttentionMethod method(String attention) {
    AttentionMethod method = AttentionMethods.parse(attention, config());
    return denseLength != null && method instanceof InfLlmV2 m
        ? new InfLlmV2(m.config().withDenseLength(denseLength))
        : method;
  }

  /** Returns what records call it. */
  String name() {
    return name;
  }

  Model model() {
    return model;
  }

  ModelConfig config() {
    return model.config();
  }

  /** Returns the rows of prompts in a step that suit the backend. */
  int promptRows() {
    return backend.driving().promptRows();
  }

  /** Returns the processor and what the backend uses; of a GPU the kind, not which one it is. */
  String device() {
    String description = backend.description().replaceFirst(", GPU-[0-9a-f-]+", "");
    return Machine.processor() + "; " + description;
  }

  @Override
  public void close() {
    model.close();
    backend.close();
  }
}
