package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.checkpoint.Dtype;
import java.util.Arrays;

/** Panel matrices of {@code layout.cuh} on the host. */
final class PanelMatrix {
  static final short NAN = (short) 0x7fc0;

  private PanelMatrix() {}

  /** Returns the index of element (row, column) of a panel matrix with {@code rows} rows. */
  static int index(int rows, int row, int column) {
    int chunk = column % 64 / 8 ^ row % 8;
    return column / 64 * rows * 64 + row * 64 + chunk * 8 + column % 8;
  }

  /** Returns the columns that a panel matrix of {@code columns} takes. */
  static int padded(int columns) {
    return (columns + 63) / 64 * 64;
  }

  /**
   * Returns a panel matrix with {@code rows} rows, of which the first {@code count} have the
   * values, rounded to bf16, and zeros in the padding columns; the others are NaN.
   */
  static short[] pack(float[] values, int rows, int count, int columns) {
    short[] panels = new short[rows * padded(columns)];
    Arrays.fill(panels, NAN);
    for (int r = 0; r < count; r++) {
      for (int c = 0; c < padded(columns); c++) {
        panels[index(rows, r, c)] = c < columns ? Dtype.bf16(values[r * columns + c]) : 0;
      }
    }
    return panels;
  }

  /** Returns {@code count} rows of {@code columns} elements, as floats, row by row. */
  static float[] unpack(short[] panels, int rows, int count, int columns) {
    float[] values = new float[count * columns];
    for (int r = 0; r < count; r++) {
      for (int c = 0; c < columns; c++) {
        values[r * columns + c] = Dtype.fromBf16(panels[index(rows, r, c)]);
      }
    }
    return values;
  }
}
