package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.backend.cuda.PortableGemm.Epilogue;
import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;
import dev.longspan.kernels.backend.cuda.device.Event;
import dev.longspan.kernels.backend.cuda.device.Graph;
import dev.longspan.kernels.backend.cuda.device.Kernel;
import dev.longspan.kernels.backend.cuda.device.Stream;
import dev.longspan.kernels.model.ModelConfig;

/**
 * Times one matrix product of a layer, with what becomes of it in the model or alone, inside a
 * graph: of so few rows as answers have, or of prompts.
 */
public final class BenchProducts implements AutoCloseable {
  /** Calls of a graph at least, for answers and for prompts. */
  private static final int ANSWER_CALLS = 20;

  private static final int PROMPT_CALLS = 4;

  /** Bytes of weights read before any is read again: more than an L2 cache holds. */
  private static final long ROTATED_BYTES = 128L << 20;

  /** The products of a model. */
  public enum Product {
    /** Queries, keys and values of a token. */
    QKV("qkv", Epilogue.STORE),
    /** From the attention to the residual stream. */
    OUTPUT("output", Epilogue.ADD),
    /** Both halves of the gated MLP, and the gating. */
    GATE_UP("gate-up", Epilogue.SWIGLU),
    /** From the MLP to the residual stream. */
    DOWN("down", Epilogue.ADD),
    /** Logits; prompts need those of their last rows only. */
    HEAD("head", Epilogue.FLOAT);

    private final String text;
    private final Epilogue epilogue;

    Product(String text, Epilogue epilogue) {
      this.text = text;
      this.epilogue = epilogue;
    }

    /** Returns the inputs of a row. */
    public int inputs(ModelConfig c) {
      return switch (this) {
        case OUTPUT -> c.heads() * c.headDim();
        case DOWN -> c.intermediateSize();
        default -> c.hiddenSize();
      };
    }

    /** Returns the outputs of a row, before gate and up become one. */
    public int outputs(ModelConfig c) {
      return switch (this) {
        case QKV -> c.qkvSize();
        case GATE_UP -> 2 * c.intermediateSize();
        case HEAD -> c.vocabSize();
        default -> c.hiddenSize();
      };
    }

    @Override
    public String toString() {
      return text;
    }
  }

  private final Owner owner = new Owner();
  private final Stream stream;
  private final Epilogue epilogue;
  private final int rows;
  private final int ld;
  private final int pitch;
  private final DeviceBuffer x;
  private final Matrix[] weights;
  private final DeviceBuffer out;
  private final ProductChain chain;
  private final PromptProducts prompts;
  private final PortableGemm portable;
  private final Event start;
  private final Event end;
  private final int calls;
  private final Graph graph;

  /**
   * Draws weights and inputs on the device, and records the graph.
   *
   * @param rows up to 64: the kernels of answers; more: those of prompts
   * @param alone whether the product is just stored, in bfloat16
   */
  public BenchProducts(
      Device device, ModelConfig config, Product product, int rows, boolean alone) {
    this.rows = rows;
    epilogue = alone ? Epilogue.STORE : product.epilogue;
    int n = product.outputs(config);
    int k = product.inputs(config);
    boolean answer = isAnswer(rows);
    boolean hopper = device.info().computeCapability() == 90;
    ld = answer ? ProductChain.panelRows(rows) : (int) Packing.paddedRows(rows);
    pitch = epilogue == Epilogue.SWIGLU ? ld : PromptBuffers.pitch(n);
    long bytes = Packing.bytes(n, k);
    int copies = answer ? (int) ((ROTATED_BYTES + bytes - 1) / bytes) : 1;
    int least = answer ? ANSWER_CALLS : PROMPT_CALLS;
    calls = (least + copies - 1) / copies * copies;
    weights = new Matrix[copies];
    try {
      stream = owner.own(device.stream("benchmark"));
      Kernel random = device.kernel("random", "random_values");
      x = owner.own(device.allocate("inputs", (long) ld * Packing.paddedCols(k) * Short.BYTES));
      fill(random, x, 0, 1);
      for (int i = 0; i < copies; i++) {
        weights[i] = new Matrix(owner.own(device.allocate("weights", bytes)), n, k);
        fill(random, weights[i].data(), i + 1, 0.02);
      }
      out = owner.own(device.allocate("outputs", outBytes(n)));
      stream.fill(out, 0);
      chain = hopper && answer ? owner.own(new ProductChain(device, stream)) : null;
      portable = hopper ? null : new PortableGemm(device);
      prompts = hopper ? new HopperGemm(device) : PromptProducts.portable(portable);
      start = owner.own(device.event("start"));
      end = owner.own(device.event("end"));
      // The first time brings the kernel to the device, which a recording must not do.
      enqueue(weights[0]);
      stream.synchronize();
      graph = owner.own(stream.capture("products", this::enqueueAll));
    } catch (RuntimeException | Error e) {
      owner.close();
      throw e;
    }
  }

  /** Fills a matrix with even random numbers of a deviation, its padding too. */
  private void fill(Kernel random, DeviceBuffer matrix, long seed, double deviation) {
    long count = matrix.bytes() / Short.BYTES;
    random
        .grid(8 * stream.device().info().multiprocessors())
        .block(256)
        .arg(seed * count)
        .arg(0L)
        .arg(count)
        .arg(Double.doubleToRawLongBits(0))
        .arg(Double.doubleToRawLongBits(deviation * Math.sqrt(12)))
        .arg(0)
        .arg(matrix)
        .launch(stream);
  }

  private long outBytes(int n) {
    return switch (epilogue) {
      case STORE -> (long) rows * pitch * Short.BYTES;
      case FLOAT, ADD -> (long) rows * pitch * Float.BYTES;
      case SWIGLU -> (long) ld * Packing.paddedCols(n / 2) * Short.BYTES;
    };
  }

  /** Returns whether so many rows are measured as rows of answers. */
  public static boolean isAnswer(int rows) {
    return rows <= PortableGemm.FEW_ROWS;
  }

  private void enqueueAll() {
    for (int i = 0; i < calls; i++) {
      enqueue(weights[i % weights.length]);
    }
  }

  private void enqueue(Matrix w) {
    if (!isAnswer(rows)) {
      prompts.multiply(stream, epilogue, x, ld, rows, w, null, 1, out, pitch);
    } else if (chain != null) {
      chain.launch(
          stream, rows, new ProductChain.Product(epilogue, x, null, w, null, 1, out, pitch, null));
    } else {
      int n = epilogue == Epilogue.SWIGLU ? (int) w.paddedRows() : w.n();
      portable.few(
          stream, epilogue, x, ld, rows, w.data(), w.paddedRows(), n, w.k(), null, 1, out, pitch);
    }
  }

  /** Runs the graph, and returns the microseconds of a product. */
  public double run() {
    stream.record(start);
    graph.launch(stream);
    stream.record(end);
    stream.synchronize();
    return 1e3 * end.millisSince(start) / calls;
  }

  @Override
  public void close() {
    stream.synchronize();
    owner.close();
  }
}
