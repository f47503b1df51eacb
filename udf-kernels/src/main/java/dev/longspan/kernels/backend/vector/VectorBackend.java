package dev.longspan.kernels.backend.vector;

import static dev.longspan.kernels.backend.vector.VectorMath.F;
import static dev.longspan.kernels.backend.vector.VectorMath.L;

import dev.longspan.kernels.backend.KvStore;
import dev.longspan.kernels.backend.SelectionListener;
import dev.longspan.kernels.backend.host.Buffer;
import dev.longspan.kernels.backend.host.HostBackend;
import dev.longspan.kernels.backend.host.HostPicks;
import dev.longspan.kernels.backend.host.Weight;
import dev.longspan.kernels.checkpoint.Tensor;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.Results;
import dev.longspan.kernels.model.Step;
import jdk.incubator.vector.FloatVector;

/**
 * The CPU backend: the Vector API of the JDK on all cores, float32 arithmetic over bfloat16
 * weights.
 *
 * <p>A row's result is the same bits whatever the rows beside it, the chunks of its prompt and the
 * number of threads. It may differ in the last bits between machines whose vectors have different
 * numbers of lanes.
 *
 * <p>Not thread safe, as every backend; its own threads spin while it is busy and end with {@link
 * #close}.
 */
public final class VectorBackend implements HostBackend {
  /** Rows that one task of a row-wise operation takes. */
  private static final int ROW_TASK = 32;

  private final WorkerPool pool;
  private final Gemm gemm;
  private final Attention attention;
  private final float[][] squares;
  private final HostPicks picks = new HostPicks();
  private RopeTable ropeTable;
  private float[] lastHidden = new float[0];

  /** Creates a backend on all processors. */
  public VectorBackend() {
    this(Runtime.getRuntime().availableProcessors());
  }

  /** Creates a backend on {@code threads} threads, the caller's included. */
  public VectorBackend(int threads) {
    pool = new WorkerPool(threads);
    Scratch[] scratch = new Scratch[threads];
    squares = new float[threads][L];
    for (int i = 0; i < threads; i++) {
      scratch[i] = new Scratch();
    }
    gemm = new Gemm(pool, scratch);
    attention = new Attention(pool);
  }

  @Override
  public String name() {
    return "vector";
  }

  @Override
  public String description() {
    return String.format(
        "vector: Java Vector API, %d-bit, %d threads", F.vectorBitSize(), pool.threads());
  }

  @Override
  public Driving driving() {
    return Driving.HOST;
  }

  @Override
  public Buffer allocate(long elements) {
    return new VectorBuffer(new float[arraySize(elements)]);
  }

  private static int arraySize(long elements) {
    if (elements > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          elements + " elements are too many for a Java array; use smaller chunks");
    }
    return (int) elements;
  }

  @Override
  public Buffer parameter(Tensor... parts) {
    long elements = 0;
    for (Tensor part : parts) {
      elements += part.elements();
    }
    float[] data = new float[arraySize(elements)];
    int at = 0;
    for (Tensor part : parts) {
      int n = (int) part.elements();
      part.read(0, data, at, n);
      at += n;
    }
    return new VectorBuffer(data);
  }

  @Override
  public Weight weight(Tensor... parts) {
    return PackedWeight.of(parts);
  }

  @Override
  public KvStore kvStore(ModelConfig config, int pages) {
    return new VectorKvStore(config, pages);
  }

  @Override
  public void embed(Weight table, int[] tokens, float scale, Buffer out) {
    PackedWeight w = (PackedWeight) table;
    float[] to = VectorBuffer.of(out);
    rowTasks(
        tokens.length,
        (first, end, worker) -> {
          for (int i = first; i < end; i++) {
            w.row(tokens[i], scale, to, i * w.in());
          }
        });
  }

  @Override
  public void rmsNorm(Buffer x, int rows, int cols, Buffer weight, float eps, Buffer out) {
    float[] from = VectorBuffer.of(x);
    float[] w = VectorBuffer.of(weight);
    float[] to = VectorBuffer.of(out);
    rowTasks(
        rows,
        (first, end, worker) -> {
          for (int r = first; r < end; r++) {
            normalise(from, r * cols, cols, w, eps, to, r * cols, squares[worker]);
          }
        });
  }

  private static void normalise(
      float[] x, int at, int cols, float[] w, float eps, float[] to, int toAt, float[] lanes) {
    FloatVector squares = FloatVector.zero(F);
    int c = 0;
    for (; c + L <= cols; c += L) {
      FloatVector v = FloatVector.fromArray(F, x, at + c);
      squares = v.fma(v, squares);
    }
    squares.intoArray(lanes, 0);
    float sum = VectorMath.sum(lanes, 0);
    for (; c < cols; c++) {
      sum = Math.fma(x[at + c], x[at + c], sum);
    }
    float inverse = (float) (1 / Math.sqrt(sum / cols + eps));
    c = 0;
    for (; c + L <= cols; c += L) {
      FloatVector v = FloatVector.fromArray(F, x, at + c).mul(inverse);
      v.mul(FloatVector.fromArray(F, w, c)).intoArray(to, toAt + c);
    }
    for (; c < cols; c++) {
      to[toAt + c] = x[at + c] * inverse * w[c];
    }
  }

  @Override
  public void matmul(
      Buffer x, int rows, Weight w, Buffer bias, Epilogue epilogue, float scale, Buffer out) {
    gemm.multiply(
        VectorBuffer.of(x),
        rows,
        (PackedWeight) w,
        VectorBuffer.ofNullable(bias),
        epilogue,
        scale,
        VectorBuffer.of(out));
  }

  @Override
  public void ropeAndStore(
      ModelConfig config,
      Buffer qkv,
      Buffer qNorm,
      Buffer kNorm,
      Step step,
      int layer,
      KvStore kv) {
    float[] data = VectorBuffer.of(qkv);
    float[] qWeight = VectorBuffer.ofNullable(qNorm);
    float[] kWeight = VectorBuffer.ofNullable(kNorm);
    VectorKvStore store = (VectorKvStore) kv;
    if (ropeTable == null || !ropeTable.isOf(config.rope())) {
      ropeTable = new RopeTable(config.rope(), config.headDim());
    }
    for (Step.Segment s : step.segments()) {
      ropeTable.grow(s.start() + s.count());
      store.reserve(s.sequence(), layer, s.start(), s.start() + s.count());
    }
    for (Step.Segment s : step.segments()) {
      int firstPage = s.start() / KvStore.PAGE;
      int pages = (s.start() + s.count() - 1) / KvStore.PAGE - firstPage + 1;
      pool.run(
          pages,
          (task, worker) -> {
            int start = Math.max(s.start(), (firstPage + task) * KvStore.PAGE);
            int end = Math.min(s.start() + s.count(), (firstPage + task + 1) * KvStore.PAGE);
            int row = s.firstRow() + start - s.start();
            for (int i = 0; i < end - start; i++) {
              rotate(config, data, row + i, start + i, qWeight, kWeight, squares[worker]);
            }
            store.put(s.sequence(), layer, start, end - start, data, row);
          });
      if (store.compressed()) {
        // After all keys are there: a window may begin in an earlier page of the same step.
        pool.run(
            pages,
            (task, worker) -> {
              int start = Math.max(s.start(), (firstPage + task) * KvStore.PAGE);
              int end = Math.min(s.start() + s.count(), (firstPage + task + 1) * KvStore.PAGE);
              store.compress(s.sequence(), layer, start, end);
            });
      }
    }
  }

  private void rotate(
      ModelConfig config,
      float[] qkv,
      int row,
      int position,
      float[] qNorm,
      float[] kNorm,
      float[] lanes) {
    int dim = config.headDim();
    for (int h = 0; h < config.heads() + config.kvHeads(); h++) {
      float[] norm = h < config.heads() ? qNorm : kNorm;
      int at = row * config.qkvSize() + h * dim;
      if (norm != null) {
        normalise(qkv, at, dim, norm, config.rmsNormEps(), qkv, at, lanes);
      }
      ropeTable.rotate(qkv, at, position);
    }
  }

  @Override
  public void onSelect(SelectionListener listener) {
    attention.onSelect(listener);
  }

  @Override
  public void attend(ModelConfig config, Buffer qkv, Step step, int layer, KvStore kv, Buffer out) {
    attention.run(
        config, VectorBuffer.of(qkv), step, layer, (VectorKvStore) kv, VectorBuffer.of(out));
  }

  @Override
  public Results pick(ModelConfig config, Buffer x, Step step, Buffer norm, Weight head) {
    int hidden = config.hiddenSize();
    float[] from = VectorBuffer.of(x);
    float[] w = VectorBuffer.of(norm);
    return picks.run(
        step.picks(),
        head.out(),
        (rows, logits) -> {
          int n = rows.length * hidden;
          if (lastHidden.length < n) {
            lastHidden = new float[n];
          }
          for (int i = 0; i < rows.length; i++) {
            int at = rows[i] * hidden;
            float eps = config.rmsNormEps();
            normalise(from, at, hidden, w, eps, lastHidden, i * hidden, squares[0]);
          }
          for (int i = 0; i < n; i++) {
            lastHidden[i] *= config.logitScale();
          }
          PackedWeight weight = (PackedWeight) head;
          gemm.multiply(lastHidden, rows.length, weight, null, Epilogue.STORE, 1, logits);
        });
  }

  /** Work on a range of rows. */
  private interface RowWork {
    void run(int first, int end, int worker);
  }

  private void rowTasks(int rows, RowWork work) {
    pool.run(
        (rows + ROW_TASK - 1) / ROW_TASK,
        (task, worker) -> work.run(task * ROW_TASK, Math.min(rows, (task + 1) * ROW_TASK), worker));
  }

  @Override
  public void close() {
    pool.close();
  }
}
