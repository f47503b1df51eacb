package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;
import dev.longspan.kernels.backend.cuda.device.Kernel;
import dev.longspan.kernels.backend.cuda.device.Stream;
import dev.longspan.kernels.checkpoint.Dtype;
import dev.longspan.kernels.checkpoint.RandomWeights.RandomTensor;
import dev.longspan.kernels.checkpoint.Tensor;
import dev.longspan.kernels.checkpoint.WeightSource;
import java.nio.ByteBuffer;
import java.util.stream.IntStream;

/**
 * Brings tensors to the device: from the file through pinned memory, some megabytes at a time, and
 * there into the layout of the kernels.
 *
 * <p>While one part is copied and packed, the next is read. Random tensors are drawn on the device.
 */
final class WeightLoader implements AutoCloseable {
  private static final int PARTS = 3;
  private static final int PART_BYTES = 64 << 20;

  /** Pieces of a part that are read from the file at the same time. */
  private static final int READERS = 4;

  private final Stream stream;
  private final WeightSource source;
  private final Pieces pieces;
  private final Packing packing;
  private final Kernel random;
  private StagingRing ring;
  private DeviceBuffer staging;

  /**
   * Creates a loader.
   *
   * @param pieces where the weights go; where it only counts, nothing is read
   */
  WeightLoader(Device device, Stream stream, WeightSource source, Pieces pieces) {
    this.stream = stream;
    this.source = source;
    this.pieces = pieces;
    packing = new Packing(device);
    random = device.kernel("random", "random_values");
    if (!pieces.counting()) {
      staging = device.allocate("staging of weights", (long) PARTS * PART_BYTES);
      ring = new StagingRing(device, "staging of weights", PARTS, PART_BYTES);
    }
  }

  /**
   * Rows of a matrix that are a tensor of the checkpoint.
   *
   * @param tensor its name
   * @param count its rows
   * @param part how they lie in the matrix
   */
  record Rows(String tensor, int count, Packing.Part part) {
    static Rows of(String tensor, int count) {
      return new Rows(tensor, count, Packing.Part.PLAIN);
    }
  }

  /** Returns a matrix [sum of the rows, columns]. */
  Matrix matrix(String name, int columns, Rows... rows) {
    int n = IntStream.range(0, rows.length).map(i -> rows[i].count).sum();
    DeviceBuffer to = pieces.take(name, Packing.bytes(n, columns));
    Matrix matrix = new Matrix(to, n, columns);
    if (to != null) {
      stream.fill(to, 0);
      long first = 0;
      for (Rows part : rows) {
        Tensor tensor = source.tensor(part.tensor, part.count, columns);
        long from = part.part == Packing.Part.PLAIN ? first : 0;
        stage(
            tensor,
            part.count,
            columns,
            (buffer, type, row, count) ->
                packing.rows(
                    stream,
                    buffer,
                    type,
                    count,
                    columns,
                    from + row,
                    part.part,
                    to,
                    matrix.paddedRows()));
        first += part.count;
      }
    }
    return matrix;
  }

  /** Returns a vector of all tensors end to end, each of its {@code counts} elements. */
  DeviceBuffer vector(String name, String[] tensors, int... counts) {
    DeviceBuffer to = pieces.take(name, (long) Float.BYTES * IntStream.of(counts).sum());
    long at = 0;
    for (int i = 0; i < tensors.length && to != null; i++) {
      int elements = counts[i];
      DeviceBuffer target = to.slice(tensors[i], at, (long) Float.BYTES * elements);
      stage(
          source.tensor(tensors[i], elements),
          1,
          elements,
          (buffer, type, row, count) -> packing.vector(stream, buffer, type, elements, target));
      at += (long) Float.BYTES * elements;
    }
    return to;
  }

  /** Returns a vector that is one tensor. */
  DeviceBuffer vector(String tensor, int count) {
    return vector(tensor, new String[] {tensor}, count);
  }

  /** Takes rows of a tensor that lie on the device. */
  private interface Target {
    void take(DeviceBuffer from, Dtype type, int firstRow, int count);
  }

  private void stage(Tensor tensor, int rows, int columns, Target target) {
    boolean drawn = tensor instanceof RandomTensor;
    Dtype type = drawn && tensor.dtype() == Dtype.F16 ? Dtype.F32 : tensor.dtype();
    int rowBytes = Math.multiplyExact(columns, type.bytes());
    int most = PART_BYTES / rowBytes;
    for (int row = 0; row < rows; row += most) {
      int count = Math.min(most, rows - row);
      int part = ring.next();
      DeviceBuffer buffer = staging.slice(tensor.name(), (long) part * PART_BYTES, PART_BYTES);
      if (drawn) {
        draw((RandomTensor) tensor, (long) row * columns, (long) count * columns, buffer);
      } else {
        read(tensor, (long) row * columns, count * columns, ring.memory(part));
        ring.upload(stream, buffer, (long) count * rowBytes);
      }
      target.take(buffer, type, row, count);
    }
  }

  private void draw(RandomTensor tensor, long first, long count, DeviceBuffer to) {
    random
        .grid((int) Math.min(4096, (count + 255) / 256))
        .block(256)
        .arg(tensor.seed())
        .arg(first)
        .arg(count)
        .arg(Double.doubleToRawLongBits(tensor.mean()))
        .arg(Double.doubleToRawLongBits(tensor.deviation() * Math.sqrt(12)))
        .arg(tensor.dtype().ordinal())
        .arg(to)
        .launch(stream);
  }

  private static void read(Tensor tensor, long first, int count, ByteBuffer to) {
    int bytes = tensor.dtype().bytes();
    int each = (count + READERS - 1) / READERS;
    IntStream.range(0, READERS)
        .parallel()
        .filter(i -> i * each < count)
        .forEach(
            i -> {
              int n = Math.min(each, count - i * each);
              ByteBuffer slice = to.slice(i * each * bytes, n * bytes).order(to.order());
              tensor.copyTo(first + i * each, slice, n);
            });
  }

  @Override
  public void close() {
    if (ring != null) {
      stream.synchronize();
      ring.close();
      staging.close();
    }
  }
}
