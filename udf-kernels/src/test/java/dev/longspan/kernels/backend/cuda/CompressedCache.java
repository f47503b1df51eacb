package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.attention.KvView;
import dev.longspan.kernels.checkpoint.Dtype;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * Compressed keys of a few sequences, as the device's pages hold them (layout.cuh) and as the
 * oracle reads them; pages are scattered, what nobody wrote is NaN.
 */
final class CompressedCache {
  private static final int PAGE = 64;
  private static final short NAN = (short) 0x7fc0;

  final short[] fine;
  final short[] coarse;
  final int[] pageTable;

  /** First entry of each sequence in {@link #pageTable}. */
  final int[] table;

  private final int heads;
  private final int kvHeads;
  private final int dim;

  /** The same keys, [sequence][KV head][window][dim]. */
  private final List<short[][][]> fineKeys = new ArrayList<>();

  private final List<short[][][]> coarseKeys = new ArrayList<>();

  /** Takes the keys of each sequence, bf16 [tokens][kvHeads][dim]. */
  CompressedCache(List<short[]> keys, int heads, int kvHeads, int dim, Random random) {
    this.heads = heads;
    this.kvHeads = kvHeads;
    this.dim = dim;
    table = new int[keys.size()];
    List<Integer> pages = new ArrayList<>();
    int count = 0;
    for (int s = 0; s < keys.size(); s++) {
      table[s] = count;
      count += (tokens(keys.get(s)) + PAGE - 1) / PAGE;
    }
    for (int p = 0; p < count + 2; p++) {
      pages.add(p);
    }
    Collections.shuffle(pages, random);
    pageTable = pages.stream().limit(count).mapToInt(Integer::intValue).toArray();
    fine = filled((count + 2) * kvHeads * 4 * dim);
    coarse = filled((count + 2) * kvHeads * dim);
    for (int s = 0; s < keys.size(); s++) {
      fineKeys.add(means(keys.get(s), 32, 16));
      coarseKeys.add(means(keys.get(s), 128, 64));
      store(s);
    }
  }

  /** Returns the oracle's view of a sequence. */
  KvView view(int sequence) {
    return new View(fineKeys.get(sequence), coarseKeys.get(sequence));
  }

  private int tokens(short[] keys) {
    return keys.length / kvHeads / dim;
  }

  private static short[] filled(int length) {
    short[] values = new short[length];
    java.util.Arrays.fill(values, NAN);
    return values;
  }

  private short[][][] means(short[] keys, int size, int stride) {
    int tokens = tokens(keys);
    int windows = tokens < size ? 0 : (tokens - size) / stride + 1;
    short[][][] means = new short[kvHeads][windows][dim];
    for (int h = 0; h < kvHeads; h++) {
      for (int j = 0; j < windows; j++) {
        for (int d = 0; d < dim; d++) {
          float sum = 0;
          for (int t = j * stride; t < j * stride + size; t++) {
            sum += Dtype.fromBf16(keys[(t * kvHeads + h) * dim + d]);
          }
          means[h][j][d] = Dtype.bf16(sum * (1f / size));
        }
      }
    }
    return means;
  }

  private void store(int sequence) {
    for (int h = 0; h < kvHeads; h++) {
      short[][] windows = fineKeys.get(sequence)[h];
      for (int slot = 1; slot <= windows.length; slot++) {
        int page = pageTable[table[sequence] + slot / 4];
        int at = (page * kvHeads + h) * 4 * dim + slot % 4 * 64;
        scatter(windows[slot - 1], fine, at, 4 * 64, slot);
      }
      windows = coarseKeys.get(sequence)[h];
      for (int slot = 1; slot <= windows.length; slot++) {
        int page = pageTable[table[sequence] + slot];
        scatter(windows[slot - 1], coarse, (page * kvHeads + h) * dim, 64, slot);
      }
    }
  }

  /** Writes one key as a row of panels whose 16-byte chunks are swizzled by the slot. */
  private void scatter(short[] key, short[] to, int at, int panel, int slot) {
    for (int d = 0; d < dim; d++) {
      to[at + d / 64 * panel + ((d % 64 / 8) ^ (slot % 8)) * 8 + d % 8] = key[d];
    }
  }

  private final class View implements KvView {
    private final short[][][] fine;
    private final short[][][] coarse;

    View(short[][][] fine, short[][][] coarse) {
      this.fine = fine;
      this.coarse = coarse;
    }

    @Override
    public int heads() {
      return heads;
    }

    @Override
    public int kvHeads() {
      return kvHeads;
    }

    @Override
    public int headDim() {
      return dim;
    }

    @Override
    public void key(int kvHead, int position, float[] to) {
      throw new UnsupportedOperationException("the selection reads compressed keys only");
    }

    @Override
    public void value(int kvHead, int position, float[] to) {
      throw new UnsupportedOperationException("the selection reads compressed keys only");
    }

    @Override
    public void fineKey(int kvHead, int window, float[] to) {
      widen(fine[kvHead][window], to);
    }

    @Override
    public void coarseKey(int kvHead, int window, float[] to) {
      widen(coarse[kvHead][window], to);
    }

    private void widen(short[] from, float[] to) {
      for (int d = 0; d < dim; d++) {
        to[d] = Dtype.fromBf16(from[d]);
      }
    }
  }
}
