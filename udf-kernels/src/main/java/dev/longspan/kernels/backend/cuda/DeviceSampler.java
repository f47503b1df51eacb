package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;
import dev.longspan.kernels.backend.cuda.device.Kernel;
import dev.longspan.kernels.backend.cuda.device.Stream;
import dev.longspan.kernels.sampling.Filters;
import java.nio.ByteBuffer;

/**
 * Tokens and log-probabilities from logits on the device ({@code sample.cu}), by the rules of
 * {@link dev.longspan.kernels.sampling.Sampler}.
 *
 * <p>A row's token depends on its own logits and parameters alone. Probabilities are integers of
 * 2^44 for the best token, good to 2^-23 of each; so a draw can differ from the reference's where
 * its random number falls that close to the border between two tokens.
 */
final class DeviceSampler {
  /** Bytes of a row's parameters. */
  static final int ROW_BYTES = 5 * Double.BYTES + 2 * Integer.BYTES;

  /** Largest vocabulary. */
  static final int MAX_VOCAB = 1 << 18;

  /** Stands for a sequence without a bitmap of seen tokens. */
  static final int NOT_MARKED = -1;

  /** Blocks that share a row, on GPUs where they can. */
  private static final int TEAM = 4;

  private final Kernel sample;
  private final Kernel logProbability;
  private final int vocab;

  /**
   * Loads the kernels.
   *
   * @throws IllegalArgumentException if the vocabulary is larger than {@link #MAX_VOCAB}
   */
  DeviceSampler(Device device, int vocab) {
    if (vocab > MAX_VOCAB) {
      throw new IllegalArgumentException(
          String.format(
              "a vocabulary of %,d tokens: sampling on the device ranks at most %,d; use the vector"
                  + " backend",
              vocab, MAX_VOCAB));
    }
    this.vocab = vocab;
    sample = device.kernel("sample", "sample");
    logProbability = device.kernel("sample", "log_probability");
  }

  /** Returns the ints of a bitmap of seen tokens. */
  int bitmapInts() {
    return (vocab + 31) / 32;
  }

  /**
   * Writes the parameters of a row.
   *
   * @param to in native byte order; row {@code row} starts at {@code row * ROW_BYTES}
   * @param uniform random number in [0, 1)
   * @param bitmap which bitmap holds the tokens seen, to which the drawn one is added; {@link
   *     #NOT_MARKED} for none, which a repetition penalty excludes
   */
  static void put(ByteBuffer to, int row, Filters filters, double uniform, int bitmap) {
    int at = row * ROW_BYTES;
    to.putDouble(at, filters.temperature())
        .putDouble(at + 8, filters.topP())
        .putDouble(at + 16, filters.minP())
        .putDouble(at + 24, filters.repetitionPenalty())
        .putDouble(at + 32, uniform)
        .putInt(at + 40, filters.topK())
        .putInt(at + 44, bitmap);
  }

  /**
   * Chooses a token for every row and adds it to the row's bitmap.
   *
   * @param logits fp32 [rows, pitch], pitch a multiple of 4
   * @param parameters as {@link #put} writes them
   * @param bitmaps int [.., {@link #bitmapInts}], or null if no row has one
   * @param tokens int [rows]; {@link dev.longspan.kernels.sampling.Sampler#NOT_FINITE} where the
   *     logits are none to choose by
   */
  void sample(
      Stream stream,
      DeviceBuffer logits,
      long pitch,
      int rows,
      DeviceBuffer parameters,
      DeviceBuffer bitmaps,
      DeviceBuffer tokens) {
    sample
        .grid(TEAM * rows)
        .block(512)
        .arg(logits)
        .arg(pitch)
        .arg(vocab)
        .arg(parameters)
        .optional(bitmaps)
        .arg(bitmapInts())
        .arg(tokens)
        .launch(stream);
  }

  /**
   * Computes the natural log-probability of one token of every row; NaN where logits are not
   * finite.
   *
   * @param targets int [rows]
   * @param out double [rows]
   */
  void logProbability(
      Stream stream,
      DeviceBuffer logits,
      long pitch,
      int rows,
      DeviceBuffer targets,
      DeviceBuffer out) {
    logProbability
        .grid(rows)
        .block(256)
        .arg(logits)
        .arg(pitch)
        .arg(vocab)
        .arg(targets)
        .arg(out)
        .launch(stream);
  }
}
