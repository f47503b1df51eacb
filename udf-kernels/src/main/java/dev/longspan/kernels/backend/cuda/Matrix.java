package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;

/**
 * A weight [n, k] as a panel matrix, padded with zeros; see {@link Packing}.
 *
 * @param data the elements
 * @param n rows: outputs of the product
 * @param k columns: inputs
 */
record Matrix(DeviceBuffer data, int n, int k) {
  /** Returns the rows with padding. */
  long paddedRows() {
    return Packing.paddedRows(n);
  }
}
