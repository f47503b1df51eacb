package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.attention.KvView;
import dev.longspan.kernels.backend.CacheView;
import dev.longspan.kernels.backend.KvStore;
import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;
import dev.longspan.kernels.backend.cuda.device.Graph;
import dev.longspan.kernels.backend.cuda.device.Stream;
import dev.longspan.kernels.checkpoint.Dtype;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.Sequence;
import java.util.HashMap;
import java.util.Map;

/**
 * Keys, values and compressed keys in device memory, all taken at once; {@code layout.cuh} has the
 * layout.
 */
final class CudaKvStore implements KvStore {
  /** Fine windows that end in a page. */
  private static final int FINE = 4;

  private static final int FINE_STRIDE = 16;

  private final ModelConfig config;
  private final int pages;
  private final Stream stream;
  private final DeviceBuffer memory;
  private final DeviceBuffer[] cache;
  private final DeviceBuffer[] fine;
  private final DeviceBuffer[] coarse;
  private final SequenceSlots slots;
  private final Map<AnswerPass.Shape, Graph> graphs = new HashMap<>();

  CudaKvStore(Device device, Stream stream, ModelConfig config, int pages) {
    this.config = config;
    this.pages = pages;
    this.stream = stream;
    int layers = config.layers();
    cache = new DeviceBuffer[layers];
    fine = new DeviceBuffer[layers];
    coarse = new DeviceBuffer[layers];
    Pieces sizes = new Pieces(null);
    take(sizes);
    memory = device.allocate("KV cache of " + pages + " pages", sizes.used());
    try {
      take(new Pieces(memory));
      // What was never written is read where it does not count: it must be a number nevertheless.
      stream.fill(memory, 0);
      slots = new SequenceSlots(device, config.maxPositions(), bitmapInts(config));
    } catch (RuntimeException | Error e) {
      memory.close();
      throw e;
    }
  }

  private void take(Pieces pieces) {
    for (int i = 0; i < cache.length; i++) {
      cache[i] = pieces.take("K and V of layer " + i, pages * keyValueBytes(config));
      fine[i] = pieces.take("fine keys of layer " + i, pages * FINE * vectorBytes(config));
      coarse[i] = pieces.take("coarse keys of layer " + i, pages * vectorBytes(config));
    }
  }

  private static long keyValueBytes(ModelConfig c) {
    return 2L * PAGE * vectorBytes(c);
  }

  private static long vectorBytes(ModelConfig c) {
    return (long) c.kvHeads() * c.headDim() * Short.BYTES;
  }

  /** Returns the bytes of a page: keys, values and compressed keys of all layers. */
  static long pageBytes(ModelConfig c) {
    return c.layers() * (keyValueBytes(c) + (FINE + 1) * vectorBytes(c));
  }

  /** Returns the bytes that a cache takes beside its pages. */
  static long fixedBytes(ModelConfig c) {
    return SequenceSlots.bytes(c.maxPositions(), bitmapInts(c));
  }

  private static int bitmapInts(ModelConfig c) {
    return (c.vocabSize() + 31) / 32;
  }

  /** Returns the recording of a step of answers on this cache, or null if there is none yet. */
  Graph graph(AnswerPass.Shape shape) {
    return graphs.get(shape);
  }

  /** Keeps a recording until the cache is closed. */
  void addGraph(AnswerPass.Shape shape, Graph graph) {
    graphs.put(shape, graph);
  }

  @Override
  public int pages() {
    return pages;
  }

  /** Returns K and V of a layer. */
  DeviceBuffer cache(int layer) {
    return cache[layer];
  }

  /** Returns the elements from a layer's K and V to the next layer's. */
  long layerElements() {
    return cache.length == 1 ? 0 : (cache[1].address() - cache[0].address()) / Short.BYTES;
  }

  /** Returns the fine compressed keys of a layer. */
  DeviceBuffer fine(int layer) {
    return fine[layer];
  }

  /** Returns the coarse compressed keys of a layer. */
  DeviceBuffer coarse(int layer) {
    return coarse[layer];
  }

  /** Returns what the device remembers of running sequences. */
  SequenceSlots slots() {
    return slots;
  }

  /** Each read copies a vector from the device. */
  @Override
  public KvView view(Sequence sequence, int layer) {
    return new View(sequence, layer);
  }

  @Override
  public void close() {
    stream.synchronize();
    graphs.values().forEach(Graph::close);
    graphs.clear();
    slots.close();
    memory.close();
  }

  private final class View extends CacheView {
    private final Sequence sequence;
    private final int layer;

    View(Sequence sequence, int layer) {
      super(config);
      this.sequence = sequence;
      this.layer = layer;
    }

    @Override
    public void key(int kvHead, int position, float[] to) {
      read(cache[layer], 2 * PAGE, 0, position / PAGE, kvHead, PAGE, position % PAGE, to);
    }

    @Override
    public void value(int kvHead, int position, float[] to) {
      read(cache[layer], 2 * PAGE, PAGE, position / PAGE, kvHead, PAGE, position % PAGE, to);
    }

    @Override
    public void fineKey(int kvHead, int window, float[] to) {
      int slot = (window * FINE_STRIDE + 2 * FINE_STRIDE - 1) / FINE_STRIDE;
      read(fine[layer], FINE, 0, slot / FINE, kvHead, FINE, slot, to);
    }

    @Override
    public void coarseKey(int kvHead, int window, float[] to) {
      read(coarse[layer], 1, 0, window + 1, kvHead, 1, window + 1, to);
    }

    /**
     * Reads a row of a tile of {@code rows} rows, {@code offset} vectors into the part of a page
     * and head, which has {@code vectors}; the row's swizzle is that of {@code row}.
     */
    private void read(
        DeviceBuffer from,
        int vectors,
        int offset,
        int block,
        int kvHead,
        int rows,
        int row,
        float[] to) {
      int dim = config.headDim();
      long part = (long) sequence.page(block) * config.kvHeads() + kvHead;
      long at = (part * vectors + offset) * dim * Short.BYTES;
      short[] tile = new short[rows * dim];
      stream.synchronize();
      from.slice("tile", at, 2L * tile.length).copyTo(tile);
      for (int c = 0; c < dim; c++) {
        int index = c / 64 * rows * 64 + row % rows * 64 + ((c % 64 / 8) ^ row % 8) * 8 + c % 8;
        to[c] = Dtype.fromBf16(tile[index]);
      }
    }
  }
}
