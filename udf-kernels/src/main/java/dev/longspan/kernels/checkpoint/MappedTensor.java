package dev.longspan.kernels.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.function.BooleanSupplier;

/**
 * A tensor over maps of its part of the file, or read from the file for a device; thread safe.
 *
 * <p>One map holds at most 2 GiB in Java, so a tensor is a row of maps. They go back to the system
 * when the tensor is collected: nothing unmaps memory under a reader.
 */
final class MappedTensor implements Tensor {
  private static final int CHUNK_BYTES = 1 << 30;

  private final Path file;
  private final long offset;
  private final String name;
  private final Dtype dtype;
  private final long[] shape;
  private final long elements;
  private final BooleanSupplier closed;
  private final ByteBuffer[] chunks;

  /**
   * Maps one tensor.
   *
   * @param closed whether the checkpoint has been closed
   */
  MappedTensor(Path file, SafetensorsFile.Entry entry, Dtype dtype, BooleanSupplier closed) {
    this.file = file;
    this.offset = entry.offset();
    this.name = entry.name();
    this.dtype = dtype;
    this.shape = entry.shape();
    this.elements = entry.bytes() / dtype.bytes();
    this.closed = closed;
    this.chunks = new ByteBuffer[Math.toIntExact((entry.bytes() + CHUNK_BYTES - 1) / CHUNK_BYTES)];
    // A channel of its own: an interrupted thread closes the channel it is using.
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      for (int i = 0; i < chunks.length; i++) {
        long at = (long) i * CHUNK_BYTES;
        chunks[i] =
            channel
                .map(
                    FileChannel.MapMode.READ_ONLY,
                    offset + at,
                    Math.min(CHUNK_BYTES, entry.bytes() - at))
                .order(ByteOrder.LITTLE_ENDIAN);
      }
    } catch (IOException e) {
      throw new CheckpointException(
          "tensor " + name + " of " + file + " cannot be mapped: " + e, e);
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Dtype dtype() {
    return dtype;
  }

  @Override
  public long[] shape() {
    return shape.clone();
  }

  @Override
  public long elements() {
    return elements;
  }

  @Override
  public void read(long first, float[] to, int at, int count) {
    check(first, to.length, at, count);
    short[] bits = dtype == Dtype.F32 ? null : new short[Math.min(count, 4096)];
    forEachChunk(
        first,
        count,
        (chunk, from, done, n) -> {
          if (dtype == Dtype.F32) {
            FloatBuffer floats = chunk.asFloatBuffer();
            floats.get(from, to, at + done, n);
            return;
          }
          ShortBuffer shorts = chunk.asShortBuffer();
          for (int i = 0; i < n; i += bits.length) {
            int m = Math.min(bits.length, n - i);
            shorts.get(from + i, bits, 0, m);
            widen(bits, to, at + done + i, m);
          }
        });
  }

  @Override
  public void readBf16(long first, short[] to, int at, int count) {
    if (dtype != Dtype.BF16) {
      throw new IllegalStateException("tensor " + name + " is " + dtype + ", not BF16: use read");
    }
    check(first, to.length, at, count);
    forEachChunk(
        first, count, (chunk, from, done, n) -> chunk.asShortBuffer().get(from, to, at + done, n));
  }

  /** Reads from the file, not from its maps: large reads keep a disk busy, page faults do not. */
  @Override
  public void copyTo(long first, ByteBuffer to, int count) {
    check(first, to.remaining() / dtype.bytes(), 0, count);
    int bytes = count * dtype.bytes();
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      ByteBuffer part = to.slice(to.position(), bytes);
      if (!SafetensorsFile.fill(part, channel, offset + first * dtype.bytes())) {
        throw new CheckpointException(
            file + " has become shorter while tensor " + name + " was read; load it again");
      }
    } catch (IOException e) {
      throw new CheckpointException("tensor " + name + " of " + file + " cannot be read: " + e, e);
    }
    to.position(to.position() + bytes);
  }

  private void widen(short[] bits, float[] to, int at, int count) {
    if (dtype == Dtype.BF16) {
      for (int i = 0; i < count; i++) {
        to[at + i] = Float.intBitsToFloat(bits[i] << 16);
      }
    } else {
      for (int i = 0; i < count; i++) {
        to[at + i] = halfToFloat(bits[i]);
      }
    }
  }

  /** Returns the value of IEEE half-precision bits; exact, NaN stays NaN. */
  static float halfToFloat(short half) {
    int sign = (half & 0x8000) << 16;
    int exponent = half >>> 10 & 0x1f;
    int mantissa = half & 0x3ff;
    if (exponent == 0) {
      // Zero and subnormal: the mantissa counts units of 2^-24.
      return Float.intBitsToFloat(sign | Float.floatToRawIntBits(mantissa * 0x1p-24f));
    }
    int widened = exponent == 31 ? 0xff : exponent + 127 - 15;
    return Float.intBitsToFloat(sign | widened << 23 | mantissa << 13);
  }

  private void check(long first, int capacity, int at, int count) {
    if (closed.getAsBoolean()) {
      throw new IllegalStateException(
          "tensor " + name + " was read after its checkpoint was closed: keep it open until then");
    }
    if (first < 0 || count < 0 || first > elements - count || at < 0 || at > capacity - count) {
      throw new IndexOutOfBoundsException(
          String.format(
              "tensor %s %s: elements %d to %d of %d wanted at %d of an array of %d",
              name, Arrays.toString(shape), first, first + count, elements, at, capacity));
    }
  }

  /**
   * Copies {@code count} elements from element {@code from} of a chunk; {@code done} were before.
   */
  private interface Copy {
    void copy(ByteBuffer chunk, int from, int done, int count);
  }

  private void forEachChunk(long first, int count, Copy copy) {
    int perChunk = CHUNK_BYTES / dtype.bytes();
    int done = 0;
    while (done < count) {
      long element = first + done;
      int from = (int) (element % perChunk);
      int n = Math.min(count - done, perChunk - from);
      copy.copy(chunks[(int) (element / perChunk)], from, done, n);
      done += n;
    }
  }
}
