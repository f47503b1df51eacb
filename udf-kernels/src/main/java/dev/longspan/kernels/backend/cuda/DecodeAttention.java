package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.backend.KvStore;
import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;
import dev.longspan.kernels.backend.cuda.device.Kernel;
import dev.longspan.kernels.backend.cuda.device.Stream;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.SparseConfig;

/**
 * Attention of one query token per sequence over a paged cache, dense or by InfLLM-V2.
 *
 * <p>Lengths, page tables and which rows are sparse lie in device memory, so that a recorded launch
 * serves any step with as many rows. Dense rows take two kernels ({@code attention_decode.cu}), the
 * splits of each row's pages and their sum; sparse rows take one ({@code
 * attention_decode_sparse.cu}). A row's bits depend on its own sequence alone, and a selection of
 * every block gives dense attention bit for bit.
 */
final class DecodeAttention implements AutoCloseable {
  /** Rows of a launch, at most. */
  static final int MAX_ROWS = 64;

  private static final int THREADS = 160;

  /** Splits that a warp of the sum adds up at a time, and its warps at most. */
  private static final int SPLIT_GROUP = 16;

  private static final int SUM_WARPS = 4;

  private static final int MAX_CLUSTER = 16;
  private static final int MAX_STAGES = 8;

  /**
   * Shared memory that a block takes beside what it asks for: static, of the sparse kernels, which
   * have most, and the driver's own.
   */
  private static final int STATIC_SHARED_BYTES = 5632;

  private static final int DRIVER_SHARED_BYTES = 1024;

  private final Device device;
  private final ModelConfig config;
  private final int maxSplits;
  private final int maxPages;
  private final int multiprocessors;
  private final int maxShared;
  private final Kernel dense;
  private final Kernel sum;

  /** By the binary logarithm of the cluster: only the first where there are no clusters. */
  private final Kernel[] sparse;

  private final Owner owner = new Owner();
  private final DeviceBuffer partial;
  private final DeviceBuffer weight;
  private final DeviceBuffer counter;

  /**
   * Loads the kernels and allocates what they work in.
   *
   * @param config head layout and sparse settings
   * @param rows rows of a launch at most, up to {@link #MAX_ROWS}
   * @param tokens of a sequence at most
   */
  DecodeAttention(Device device, ModelConfig config, int rows, int tokens) {
    if (rows < 1 || rows > MAX_ROWS) {
      throw new IllegalArgumentException(
          "decode attention of " + rows + " rows: a launch has 1 to " + MAX_ROWS);
    }
    this.device = device;
    this.config = config;
    maxPages = (tokens + KvStore.PAGE - 1) / KvStore.PAGE;
    maxSplits = splits(maxPages);
    multiprocessors = device.info().multiprocessors();
    maxShared = device.info().maxSharedBytes();
    int dim = config.headDim();
    dense = device.kernel("attention_decode", "attention_decode_" + dim);
    sum = device.kernel("attention_decode", "attention_decode_sum_" + dim);
    boolean clusters = device.info().computeCapability() == 90;
    sparse = new Kernel[clusters ? Integer.numberOfTrailingZeros(MAX_CLUSTER) + 1 : 1];
    for (int i = 0; i < sparse.length; i++) {
      String name = "attention_decode_sparse_" + dim + "_" + (1 << i);
      sparse[i] = device.kernel("attention_decode_sparse", name);
      if (1 << i > 8) {
        sparse[i].allowLargeClusters();
      }
    }
    long splits = (long) rows * config.heads() * maxSplits;
    try {
      partial =
          owner.own(device.allocate("splits of decode attention", splits * dim * Float.BYTES));
      weight = owner.own(device.allocate("weights of splits", splits * 2 * Float.BYTES));
      counter = owner.own(device.allocate("counter of decode attention", 2L * Integer.BYTES));
      counter.copyFrom(new int[2]);
    } catch (RuntimeException | Error e) {
      owner.close();
      throw e;
    }
  }

  /**
   * Enqueues one layer's attention of the dense rows ({@code settings} null) or of the sparse rows.
   * The other rows' outputs stay as they are.
   *
   * @param qkv bf16 [rows, (heads + 2 kvHeads) headDim], the rotated q heads first
   * @param cache the layer's pages, with the rows' own keys
   * @param fine the layer's fine compressed keys
   * @param coarse the layer's coarse compressed keys
   * @param positions int [rows], -1 for a row that is not there
   * @param tables int [rows], the first entry of each row's page table in {@code pageTable}
   * @param flags int [rows], 0 for a dense row
   * @param settings of the sparse rows, or null for the dense rows
   * @param selected gets the sparse rows' blocks, int [rows][kvHeads][selectedBlocks], in no order;
   *     may be null
   * @param out bf16 panel matrix [outRows, heads * headDim]
   * @throws IllegalArgumentException if the longest sequence's scores do not fit in shared memory
   */
  void enqueue(
      Stream stream,
      DeviceBuffer qkv,
      DeviceBuffer cache,
      DeviceBuffer fine,
      DeviceBuffer coarse,
      DeviceBuffer pageTable,
      DeviceBuffer positions,
      DeviceBuffer tables,
      DeviceBuffer flags,
      int rows,
      SparseConfig settings,
      DeviceBuffer selected,
      DeviceBuffer out,
      int outRows) {
    Launch launch = settings == null ? denseLaunch(rows) : sparseLaunch(rows, settings);
    SparseConfig s = settings == null ? config.sparseOrDefault() : settings;
    Kernel[] kernels = settings == null ? new Kernel[] {dense, sum} : new Kernel[] {launch.kernel};
    for (Kernel kernel : kernels) {
      if (kernel == sum) {
        int warps = Math.min(SUM_WARPS, (maxSplits + SPLIT_GROUP - 1) / SPLIT_GROUP);
        kernel.grid(config.heads(), rows).block(32 * warps);
      } else if (kernel == dense) {
        kernel.grid(launch.blocks).block(THREADS).shared(launch.shared);
      } else {
        kernel.grid(launch.blocks, config.kvHeads(), rows).block(THREADS).shared(launch.shared);
      }
      kernel
          .arg(qkv)
          .arg(cache)
          .arg(fine)
          .arg(coarse)
          .arg(pageTable)
          .arg(positions)
          .arg(tables)
          .arg(flags)
          .arg(partial)
          .arg(weight)
          .arg(out)
          .optional(selected)
          .arg(counter)
          .arg(rows)
          .arg(config.heads())
          .arg(config.kvHeads())
          .arg(outRows)
          .arg(maxSplits)
          .arg(launch.stages)
          .arg(s.initBlocks())
          .arg(s.localBlocks())
          .arg(s.selectedBlocks())
          .arg(s.exactNormaliser() ? 1 : 0)
          .arg(s.roundScores() ? 1 : 0)
          .arg((float) (1 / (Math.log(2) * Math.sqrt(config.headDim()))));
      kernel.launch(stream);
    }
  }

  /** Blocks of the grid (or of a cluster), pages in a block's ring, and its shared memory. */
  private record Launch(Kernel kernel, int blocks, int stages, int shared) {}

  /** Two blocks on a multiprocessor; with little work one, which has more pages under way. */
  private Launch denseLaunch(int rows) {
    int each = rows * config.kvHeads() < 8 ? 1 : 2;
    int stages = stages(each, 0);
    while (each > 1 && stages < 2) {
      each--;
      stages = stages(each, 0);
    }
    return new Launch(dense, each * multiprocessors, stages, stages * pageBytes());
  }

  /**
   * The largest cluster with which every row has one at the same time, or larger ones if the scores
   * of the longest sequence need it: the result does not depend on that.
   */
  private Launch sparseLaunch(int rows, SparseConfig settings) {
    int clusters = rows * config.kvHeads();
    int index = 0;
    while (index + 1 < sparse.length && clusters << index + 1 <= multiprocessors) {
      index++;
    }
    for (; index < sparse.length; index++) {
      int cluster = 1 << index;
      int fixed = resultBytes(cluster) + Integer.BYTES * (settings.selectedBlocks() + KvStore.PAGE);
      for (int each = clusters * cluster <= multiprocessors / 2 ? 1 : 2; each > 0; each--) {
        int stages = stages(each, fixed);
        if (stages >= 2 && scoreBytes(cluster) <= (stages - stages / 3) * pageBytes()) {
          return new Launch(sparse[index], cluster, stages, stages * pageBytes() + fixed);
        }
      }
    }
    throw new IllegalArgumentException(
        String.format(
            "InfLLM-V2 over sequences of %d tokens on %s: the scores of their blocks need %d bytes"
                + " of shared memory beside two pages, and a block has %d; use shorter sequences or"
                + " --attention dense",
            maxPages * KvStore.PAGE,
            device.description(),
            scoreBytes(1 << sparse.length - 1),
            maxShared));
  }

  /** Pages in a block's ring if {@code each} blocks share a multiprocessor. */
  private int stages(int each, int fixed) {
    int all = maxShared + DRIVER_SHARED_BYTES;
    int room = all / each - DRIVER_SHARED_BYTES - STATIC_SHARED_BYTES - fixed;
    return Math.min(MAX_STAGES, room / pageBytes());
  }

  /** K and V of a page and KV head. */
  private int pageBytes() {
    return 4 * KvStore.PAGE * config.headDim();
  }

  /** What the longest row's scores and one batch of keys for each warp take. */
  private int scoreBytes(int cluster) {
    int own = (maxPages + cluster - 1) / cluster + 3;
    return 4 * (maxPages + 3 + 2 * (own + 1)) + 16 + 4 * 16 * 2 * config.headDim();
  }

  /** The splits' results that the largest cluster exchanges: 16 splits of a head for each block. */
  private int resultBytes(int cluster) {
    return cluster == MAX_CLUSTER ? SPLIT_GROUP * (4 * config.headDim() + 8) : 0;
  }

  /** Splits of a list of pages; as {@code split_count} in decode.cuh. */
  static int splits(int pages) {
    int few = Math.min((pages + 3) / 4, 16);
    int some = Math.min((pages + 15) / 16, 64);
    int many = Math.min((pages + 31) / 32, 128);
    return Math.max(few, Math.max(some, many));
  }

  @Override
  public void close() {
    owner.close();
  }
}
