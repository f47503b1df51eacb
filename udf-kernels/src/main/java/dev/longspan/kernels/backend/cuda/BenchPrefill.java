package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.backend.KvStore;
import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;
import dev.longspan.kernels.backend.cuda.device.Event;
import dev.longspan.kernels.backend.cuda.device.Stream;
import dev.longspan.kernels.model.ModelConfig;

/** Times one layer's attention of a whole prompt, stage by stage. */
public final class BenchPrefill implements AutoCloseable {
  /** What a layer's attention consists of, in order. */
  public enum Stage {
    /** Rotation of q and k, and k and v into the cache. */
    ROPE_STORE("rope+store"),
    /** The compressed keys of the new tokens; not for dense attention. */
    COMPRESS("compress"),
    /** The choice of blocks; not for dense attention, and not where all blocks are taken. */
    SELECT("select"),
    /** Attention. */
    ATTEND("attend");

    private final String text;

    Stage(String text) {
      this.text = text;
    }

    /** Returns whether only attention over selected blocks has it. */
    public boolean selects() {
      return this == COMPRESS || this == SELECT;
    }

    @Override
    public String toString() {
      return text;
    }
  }

  private final Device device;
  private final ModelConfig config;
  private final int tokens;
  private final Stream stream;
  private final BenchCache cache;
  private final PrefillAttention attention;
  private final PrefillSelection selection;
  private final SelectionPlan plan;
  private final Owner owner = new Owner();
  private final DeviceBuffer planTiles;
  private final DeviceBuffer planGroups;
  private final PrefillStep dense;
  private final PrefillStep sparse;
  private final DeviceBuffer qkv;
  private final DeviceBuffer mask;
  private final DeviceBuffer out;
  private final int outRows;
  private final Event[] events = new Event[Stage.values().length + 1];

  /**
   * Draws a prompt on the device.
   *
   * @param config head layout and sparse settings; nothing else of it matters
   * @throws dev.longspan.kernels.backend.cuda.device.DeviceException if it takes more memory than
   *     there is
   */
  public BenchPrefill(Device device, ModelConfig config, int tokens, BenchInputs inputs) {
    this.device = device;
    this.config = config;
    this.tokens = tokens;
    boolean hopper = device.info().computeCapability() == 90;
    int group = config.groupSize();
    int dim = config.headDim();
    int[] segment = BenchCache.segment(tokens, 0, 0, true);
    plan =
        SelectionPlan.of(
            segment, config.sparse().selectedBlocks(), PrefillSelection.tileTokens(group));
    try {
      stream = owner.own(device.stream("benchmark"));
      cache = owner.own(new BenchCache(device, stream, config, inputs, 1, tokens));
      attention = owner.own(new PrefillAttention(device, dim, group, config.kvHeads(), hopper));
      selection =
          owner.own(
              new PrefillSelection(
                  device,
                  config.sparse(),
                  dim,
                  group,
                  config.kvHeads(),
                  hopper,
                  blocks(),
                  Math.max(1, plan.groupCount()),
                  device::allocate));
      outRows = (tokens + 127) / 128 * 128;
      qkv = allocate("q, k and v", (long) tokens * config.qkvSize() * Short.BYTES);
      out = allocate("attention", (long) outRows * config.heads() * dim * Short.BYTES);
      planTiles = upload("tiles of the selection", plan.tiles());
      planGroups = upload("groups of the selection", plan.groups());
      int[] tiles = tiles(PrefillAttention.tileTokens(group));
      dense = step(tiles, BenchCache.segment(tokens, 0, 0, false));
      sparse = step(tiles, segment);
      long words = (long) config.kvHeads() * tokens * sparse.words();
      mask = allocate("selected blocks", words * Long.BYTES);
      for (int i = 0; i < events.length; i++) {
        events[i] = owner.own(device.event("stage " + i));
      }
      cache.draw(qkv, 0, 0, tokens);
    } catch (RuntimeException | Error e) {
      owner.close();
      throw e;
    }
  }

  private int blocks() {
    return (tokens + KvStore.PAGE - 1) / KvStore.PAGE;
  }

  private DeviceBuffer allocate(String name, long bytes) {
    return owner.own(device.allocate(name, bytes));
  }

  private DeviceBuffer upload(String name, int[] values) {
    DeviceBuffer buffer = allocate(name, (long) Math.max(1, values.length) * Integer.BYTES);
    buffer.copyFrom(values);
    return buffer;
  }

  private PrefillStep step(int[] tiles, int[] segment) {
    return new PrefillStep(
        cache.pageTable,
        upload("segment", segment),
        upload("tiles", tiles),
        1,
        tiles.length / 2,
        tokens,
        tokens,
        blocks());
  }

  /** Returns the tiles of all rows, those with the most work first. */
  private int[] tiles(int tileTokens) {
    int count = (tokens + tileTokens - 1) / tileTokens;
    int[] tiles = new int[2 * count];
    for (int i = 0; i < count; i++) {
      tiles[2 * i + 1] = (count - 1 - i) * tileTokens;
    }
    return tiles;
  }

  /**
   * Runs all stages once.
   *
   * @param select whether tokens attend to blocks of their choice, however short the prompt
   * @return milliseconds of each {@link Stage}
   */
  public double[] run(boolean select) {
    PrefillStep step = select ? sparse : dense;
    // Leaves nothing of the last run in the L2 cache, and lets the host get ahead of the device.
    stream.fill(out, 0xFF);
    stream.record(events[0]);
    cache.rope().prefill(stream, qkv, null, null, step, cache.cache, null, null);
    stream.record(events[1]);
    if (select) {
      cache.rope().compress(stream, step, cache.cache, cache.fine, cache.coarse);
    }
    stream.record(events[2]);
    if (select && !plan.isEmpty()) {
      selection.enqueue(
          stream,
          qkv,
          config.qkvSize(),
          cache.fine,
          cache.coarse,
          step,
          planTiles,
          planGroups,
          plan,
          mask,
          tokens);
    }
    stream.record(events[3]);
    attention.enqueue(
        stream,
        qkv,
        config.qkvSize(),
        cache.cache,
        step,
        mask,
        tokens,
        config.sparse().selectedBlocks(),
        out,
        outRows);
    stream.record(events[4]);
    stream.synchronize();
    double[] millis = new double[Stage.values().length];
    for (int i = 0; i < millis.length; i++) {
      millis[i] = events[i + 1].millisSince(events[i]);
    }
    return millis;
  }

  /** Returns the milliseconds of a run but for what both methods do before their attention. */
  public static double total(double[] millis) {
    return millis[Stage.COMPRESS.ordinal()]
        + millis[Stage.SELECT.ordinal()]
        + millis[Stage.ATTEND.ordinal()];
  }

  /**
   * Returns how many times as many blocks as one token some adjacent tokens select together, after
   * a run that selects: the mean over those tokens that are one tile of the attention, 1 if all
   * agree. NaN where no token selects.
   */
  public double union() {
    int tileTokens = PrefillAttention.tileTokens(config.groupSize());
    int select = config.sparse().selectedBlocks();
    int words = sparse.words();
    long[] bits = new long[(int) (mask.bytes() / Long.BYTES)];
    mask.copyTo(bits);
    long blocks = 0;
    long tiles = 0;
    int first = select * KvStore.PAGE;
    for (int head = 0; head < config.kvHeads(); head++) {
      for (int token = first; token + tileTokens <= tokens; token += tileTokens) {
        tiles++;
        for (int word = 0; word < words; word++) {
          long any = 0;
          for (int i = 0; i < tileTokens; i++) {
            any |= bits[(head * tokens + token + i) * words + word];
          }
          blocks += Long.bitCount(any);
        }
      }
    }
    return (double) blocks / tiles / select;
  }

  @Override
  public void close() {
    stream.synchronize();
    owner.close();
  }
}
