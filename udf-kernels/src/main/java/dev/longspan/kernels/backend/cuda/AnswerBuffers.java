package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;
import dev.longspan.kernels.model.ModelConfig;

/** Activations and descriptors of a step of answers; graphs keep their addresses. */
final class AnswerBuffers implements AutoCloseable {
  /** Most rows of a step. */
  static final int ROWS = 64;

  /** Most different settings of sparse rows in a step. */
  static final int SETTINGS = 8;

  /** Residual stream: fp32 [ROWS, hidden]. */
  final DeviceBuffer x;

  /** Panel matrix [ROWS, hidden]. */
  final DeviceBuffer normed;

  /** bf16 [ROWS, qkvSize]. */
  final DeviceBuffer qkv;

  /** Panel matrix [ROWS, heads * headDim]. */
  final DeviceBuffer attention;

  /** Panel matrix [ROWS, intermediate]. */
  final DeviceBuffer mlp;

  /** fp32 [ROWS, pitch]. */
  final DeviceBuffer logits;

  /** Tokens of the rows: int [ROWS]. */
  final DeviceBuffer tokens;

  /** Tokens drawn: int [ROWS]. */
  final DeviceBuffer drawn;

  /** All that the host brings, from {@link #known} to {@link #draws}. */
  final DeviceBuffer step;

  /** Tokens that the host knows: int [ROWS], -1 for others. */
  final DeviceBuffer known;

  /** int [ROWS]; -1 for padding. */
  final DeviceBuffer positions;

  /** First entry of each row's page table: int [ROWS]. */
  final DeviceBuffer tables;

  /** int [ROWS]. */
  final DeviceBuffer slots;

  /** Slots of the rows that draw: int [ROWS], -1 for others. */
  final DeviceBuffer keep;

  /** Whether a row selects blocks: int [ROWS]. */
  final DeviceBuffer sparse;

  /** The same for the rows of each settings: int [SETTINGS][ROWS]. */
  final DeviceBuffer[] sparseBy = new DeviceBuffer[SETTINGS];

  /** Parameters of {@link DeviceSampler} [ROWS]. */
  final DeviceBuffer draws;

  private final DeviceBuffer memory;
  private final long used;

  private AnswerBuffers(ModelConfig c, DeviceBuffer memory) {
    this.memory = memory;
    Pieces pieces = new Pieces(memory);
    x = pieces.take("residual stream", (long) ROWS * c.hiddenSize() * Float.BYTES);
    normed = pieces.take("normed", panels(c.hiddenSize()));
    qkv = pieces.take("q, k and v", (long) ROWS * c.qkvSize() * Short.BYTES);
    attention = pieces.take("attention", panels(c.heads() * c.headDim()));
    mlp = pieces.take("mlp", panels(c.intermediateSize()));
    long pitch = PromptBuffers.pitch(c.vocabSize());
    logits = pieces.take("logits", ROWS * pitch * Float.BYTES);
    tokens = pieces.take("tokens", ROWS * Integer.BYTES);
    drawn = pieces.take("drawn tokens", ROWS * Integer.BYTES);
    step = pieces.take("step", stepBytes());
    used = pieces.used();
    known = ints(0);
    positions = ints(1);
    tables = ints(2);
    slots = ints(3);
    keep = ints(4);
    sparse = ints(5);
    for (int i = 0; i < SETTINGS; i++) {
      sparseBy[i] = ints(6 + i);
    }
    draws =
        memory == null
            ? null
            : step.slice("draws", drawsAt(), (long) ROWS * DeviceSampler.ROW_BYTES);
  }

  private DeviceBuffer ints(int index) {
    int bytes = ROWS * Integer.BYTES;
    return memory == null ? null : step.slice("rows", (long) index * bytes, bytes);
  }

  private static long panels(int columns) {
    return (long) ROWS * Packing.paddedCols(columns) * Short.BYTES;
  }

  static AnswerBuffers allocate(Device device, ModelConfig config) {
    long bytes = new AnswerBuffers(config, null).used;
    return new AnswerBuffers(config, device.allocate("activations of answers", bytes));
  }

  /** Returns where the parameters of the draws start in {@link #step}. */
  static int drawsAt() {
    return (6 + SETTINGS) * ROWS * Integer.BYTES;
  }

  /** Returns the bytes of {@link #step}. */
  static int stepBytes() {
    return drawsAt() + ROWS * DeviceSampler.ROW_BYTES;
  }

  @Override
  public void close() {
    memory.close();
  }
}
