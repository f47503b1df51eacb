package dev.longspan.kernels.backend.vector;

import static dev.longspan.kernels.backend.vector.Tile.WIDTH;
import static dev.longspan.kernels.backend.vector.VectorMath.I;
import static dev.longspan.kernels.backend.vector.VectorMath.L;

import dev.longspan.kernels.backend.host.Weight;
import dev.longspan.kernels.checkpoint.Dtype;
import dev.longspan.kernels.checkpoint.Tensor;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * A weight matrix in panels of 64 output features: panel p holds [in, 64], zeros behind the last.
 *
 * <p>The panels of the second half of the features start anew, so that gate and up of a gated MLP
 * can be worked on side by side whatever their width; a matrix with an odd number of features has
 * one part only.
 *
 * <p>bfloat16 weights stay so: an int holds a column in its low half and the one L further on in
 * its high half, and a shift or a mask makes a vector of floats of either. Other types are kept as
 * float32: float16 would need a multiplication per weight and suffers from subnormals.
 */
final class PackedWeight implements Weight {
  private static final int HALF = WIDTH / 2;
  private static final int HIGH = 0xffff0000;

  private final int out;
  private final int in;
  private final int parts;
  private final int panelsPerPart;
  private int[] pairs;
  private float[] floats;

  private PackedWeight(int out, int in, boolean bf16) {
    this.out = out;
    this.in = in;
    parts = out % 2 == 0 ? 2 : 1;
    panelsPerPart = (out / parts + WIDTH - 1) / WIDTH;
    long elements = (long) panels() * in * (bf16 ? HALF : WIDTH) + Scratch.START;
    if (elements > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          "a weight of [" + out + ", " + in + "] does not fit in a Java array");
    }
    if (bf16) {
      pairs = new int[(int) elements];
    } else {
      floats = new float[(int) elements];
    }
  }

  /** Packs the rows of all parts, one after another. */
  static PackedWeight of(Tensor... tensors) {
    int in = Math.toIntExact(tensors[0].shape()[1]);
    long out = 0;
    boolean bf16 = true;
    for (Tensor tensor : tensors) {
      if (tensor.shape()[1] != in) {
        throw new IllegalArgumentException(
            tensor.name()
                + " has "
                + tensor.shape()[1]
                + " columns but "
                + tensors[0].name()
                + " has "
                + in);
      }
      out += tensor.shape()[0];
      bf16 &= tensor.dtype() == Dtype.BF16;
    }
    PackedWeight weight = new PackedWeight(Math.toIntExact(out), in, bf16);
    int row = 0;
    short[] bits = new short[in];
    float[] values = new float[in];
    for (Tensor tensor : tensors) {
      for (long r = 0; r < tensor.shape()[0]; r++, row++) {
        if (bf16) {
          tensor.readBf16(r * in, bits, 0, in);
          weight.putBf16(row, bits);
        } else {
          tensor.read(r * in, values, 0, in);
          weight.putFloat(row, values);
        }
      }
    }
    return weight;
  }

  private void putBf16(int row, short[] bits) {
    int column = column(row);
    int shift = column % (2 * L) < L ? 0 : 16;
    int at = Scratch.START + panel(row) * in * HALF + pair(column);
    for (int i = 0; i < in; i++) {
      pairs[at + i * HALF] |= (bits[i] & 0xffff) << shift;
    }
  }

  private void putFloat(int row, float[] values) {
    int at = Scratch.START + panel(row) * in * WIDTH + column(row);
    for (int i = 0; i < in; i++) {
      floats[at + i * WIDTH] = values[i];
    }
  }

  /** Returns which int of a row of a panel holds a column. */
  private static int pair(int column) {
    return column / (2 * L) * L + column % L;
  }

  private int panel(int row) {
    int part = row / (out / parts);
    return part * panelsPerPart + (row - part * (out / parts)) / WIDTH;
  }

  private int column(int row) {
    return row % (out / parts) % WIDTH;
  }

  @Override
  public int out() {
    return out;
  }

  @Override
  public int in() {
    return in;
  }

  /** Returns the number of panels. */
  int panels() {
    return parts * panelsPerPart;
  }

  /** Returns the panels of half of the features, or of all of them where their number is odd. */
  int panelsPerPart() {
    return panelsPerPart;
  }

  /** Returns the output feature of the first column of a panel. */
  int firstOut(int panel) {
    int part = panel / panelsPerPart;
    return part * (out / parts) + (panel - part * panelsPerPart) * WIDTH;
  }

  /** Returns how many columns of a panel are output features. */
  int columns(int panel) {
    return Math.min(WIDTH, out / parts - panel % panelsPerPart * WIDTH);
  }

  /** Returns whether the weights are bfloat16. */
  boolean isBf16() {
    return pairs != null;
  }

  /** Returns the packed pairs of bfloat16, panel after panel as [in, 32]. */
  int[] pairs() {
    return pairs;
  }

  /** Returns the float32 panels. */
  float[] floats() {
    return floats;
  }

  /** Returns where row {@code k} of a panel starts in {@link #pairs} or {@link #floats}. */
  int index(int panel, int k) {
    return Scratch.START + (panel * in + k) * (pairs != null ? HALF : WIDTH);
  }

  /** Widens rows {@code k} to {@code k + count - 1} of a bfloat16 panel to [count, 64]. */
  void unpack(int panel, int k, int count, float[] to, int at) {
    unpack(pairs, index(panel, k), count, to, at);
  }

  private static void unpack(int[] from, int at, int count, float[] to, int toAt) {
    for (int i = 0; i < count * HALF; i += L) {
      IntVector pair = IntVector.fromArray(I, from, at + i);
      low(pair).intoArray(to, toAt + 2 * i);
      high(pair).intoArray(to, toAt + 2 * i + L);
    }
  }

  /** Returns the columns in the low halves. */
  static FloatVector low(IntVector pair) {
    return pair.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
  }

  /** Returns the columns in the high halves. */
  static FloatVector high(IntVector pair) {
    return pair.and(HIGH).reinterpretAsFloats();
  }

  /** Copies {@code scale} times a row to [in]. */
  void row(int row, float scale, float[] to, int toAt) {
    int at = index(panel(row), 0);
    int column = column(row);
    for (int i = 0; i < in; i++) {
      float value;
      if (pairs != null) {
        int pair = pairs[at + i * HALF + pair(column)];
        value = Float.intBitsToFloat(column % (2 * L) < L ? pair << 16 : pair & HIGH);
      } else {
        value = floats[at + i * WIDTH + column];
      }
      to[toAt + i] = value * scale;
    }
  }

  @Override
  public void close() {
    pairs = null;
    floats = null;
  }
}
