package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.attention.KvView;
import dev.longspan.kernels.checkpoint.Dtype;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * Keys, values and compressed keys of a few sequences, as the device's pages hold them (layout.cuh)
 * and as the oracle reads them; pages are scattered, what nobody wrote is NaN.
 */
final class PagedCache {
  private static final int PAGE = 64;

  final CompressedCache compressed;

  /** [pages][kvHeads][K, V][dim / 64][64][64]. */
  final short[] tiles;

  private final int kvHeads;
  private final int dim;
  private final List<short[]> keys = new ArrayList<>();
  private final List<short[]> values = new ArrayList<>();

  /** Draws sequences of these lengths. */
  PagedCache(int[] tokens, int heads, int kvHeads, int dim, Random random) {
    this.kvHeads = kvHeads;
    this.dim = dim;
    for (int count : tokens) {
      keys.add(draw(count, random));
      values.add(draw(count, random));
    }
    compressed = new CompressedCache(keys, heads, kvHeads, dim, random);
    int pages = Arrays.stream(compressed.pageTable).max().orElseThrow() + 1;
    tiles = new short[pages * kvHeads * 2 * PAGE * dim];
    Arrays.fill(tiles, PanelMatrix.NAN);
    for (int s = 0; s < tokens.length; s++) {
      for (int t = 0; t < tokens[s]; t++) {
        int page = compressed.pageTable[compressed.table[s] + t / PAGE];
        for (int i = 0; i < kvHeads * dim; i++) {
          int tile = (page * kvHeads + i / dim) * 2;
          int at = PanelMatrix.index(PAGE, t % PAGE, i % dim);
          tiles[tile * PAGE * dim + at] = keys.get(s)[t * kvHeads * dim + i];
          tiles[(tile + 1) * PAGE * dim + at] = values.get(s)[t * kvHeads * dim + i];
        }
      }
    }
  }

  private short[] draw(int tokens, Random random) {
    short[] bits = new short[tokens * kvHeads * dim];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = Dtype.bf16((float) random.nextGaussian());
    }
    return bits;
  }

  /** Returns the oracle's view of a sequence. */
  KvView view(int sequence) {
    KvView windows = compressed.view(sequence);
    return new KvView() {
      @Override
      public int heads() {
        return windows.heads();
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
        widen(keys.get(sequence), kvHead, position, to);
      }

      @Override
      public void value(int kvHead, int position, float[] to) {
        widen(values.get(sequence), kvHead, position, to);
      }

      @Override
      public void fineKey(int kvHead, int window, float[] to) {
        windows.fineKey(kvHead, window, to);
      }

      @Override
      public void coarseKey(int kvHead, int window, float[] to) {
        windows.coarseKey(kvHead, window, to);
      }
    };
  }

  private void widen(short[] from, int kvHead, int position, float[] to) {
    for (int d = 0; d < dim; d++) {
      to[d] = Dtype.fromBf16(from[(position * kvHeads + kvHead) * dim + d]);
    }
  }
}
