package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.backend.KvStore;
import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;
import dev.longspan.kernels.model.ModelConfig;

/** Activations of a step of prompts, for steps of at most so many rows. */
final class PromptBuffers implements AutoCloseable {
  /** Rows of logits at a time. */
  static final int LOGIT_ROWS = 256;

  final int rows;

  /** Residual stream: fp32 [rows, hidden]. */
  final DeviceBuffer x;

  /** Panel matrix [padded rows, hidden]. */
  final DeviceBuffer normed;

  /** bf16 [rows, qkvSize]. */
  final DeviceBuffer qkv;

  /** Panel matrix [padded rows, heads * headDim]. */
  final DeviceBuffer attention;

  /** Panel matrix [padded rows, intermediate]. */
  final DeviceBuffer mlp;

  /** Selected blocks: uint64 [kvHeads][rows][words]. */
  final DeviceBuffer mask;

  /** fp32 [LOGIT_ROWS, pitch]. */
  final DeviceBuffer logits;

  /** The step's descriptors. */
  final DeviceBuffer step;

  /** Tokens drawn: int [rows]. */
  final DeviceBuffer tokens;

  /** Log-probabilities: double [rows]. */
  final DeviceBuffer logProbs;

  private final DeviceBuffer memory;
  private final long used;

  private PromptBuffers(ModelConfig c, int rows, DeviceBuffer memory) {
    this.rows = rows;
    this.memory = memory;
    long ld = paddedRows(Math.max(rows, LOGIT_ROWS));
    int blocks = (c.maxPositions() + KvStore.PAGE - 1) / KvStore.PAGE;
    Pieces pieces = new Pieces(memory);
    x = pieces.take("residual stream", ld * c.hiddenSize() * Float.BYTES);
    normed = pieces.take("normed", ld * Packing.paddedCols(c.hiddenSize()) * Short.BYTES);
    qkv = pieces.take("q, k and v", ld * c.qkvSize() * Short.BYTES);
    attention = pieces.take("attention", ld * c.heads() * c.headDim() * Short.BYTES);
    mlp = pieces.take("mlp", ld * Packing.paddedCols(c.intermediateSize()) * Short.BYTES);
    mask = pieces.take("selected blocks", ld * c.kvHeads() * ((blocks + 63) / 64) * Long.BYTES);
    logits = pieces.take("logits", (long) LOGIT_ROWS * pitch(c.vocabSize()) * Float.BYTES);
    step = pieces.take("step", stepBytes(rows));
    tokens = pieces.take("drawn tokens", ld * Integer.BYTES);
    logProbs = pieces.take("log-probabilities", ld * Double.BYTES);
    used = pieces.used();
  }

  static PromptBuffers allocate(Device device, ModelConfig config, int rows) {
    String name = "activations of " + rows + " rows of prompts";
    return new PromptBuffers(config, rows, device.allocate(name, bytes(config, rows)));
  }

  /** Returns what the buffers take. */
  static long bytes(ModelConfig config, int rows) {
    return new PromptBuffers(config, rows, null).used;
  }

  /** Returns the rows of a panel matrix of activations. */
  static int paddedRows(int rows) {
    return (rows + 127) / 128 * 128;
  }

  /** Returns the most bytes of a step's descriptors. */
  static int stepBytes(int rows) {
    return (1 << 16) + 256 * rows;
  }

  /** Returns the elements from one row of logits to the next. */
  static int pitch(int vocab) {
    return (vocab + 3) / 4 * 4;
  }

  @Override
  public void close() {
    memory.close();
  }
}
