package dev.longspan.kernels.backend.scalar;

import dev.longspan.kernels.attention.AttentionMethod;
import dev.longspan.kernels.attention.InfLlmV2;
import dev.longspan.kernels.attention.KvView;
import dev.longspan.kernels.backend.KvStore;
import dev.longspan.kernels.backend.SelectionListener;
import dev.longspan.kernels.backend.host.Buffer;
import dev.longspan.kernels.backend.host.HostBackend;
import dev.longspan.kernels.backend.host.HostPicks;
import dev.longspan.kernels.backend.host.Weight;
import dev.longspan.kernels.checkpoint.Tensor;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.Results;
import dev.longspan.kernels.model.RopeConfig;
import dev.longspan.kernels.model.Sequence;
import dev.longspan.kernels.model.Step;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/**
 * The oracle: plain loops over float arrays, every sum in double.
 *
 * <p>Rows and columns are spread over the common pool; each result is computed by one thread in one
 * order, so it does not depend on their number.
 */
public final class ScalarBackend implements HostBackend {
  /** Columns that a matmul works on at once: their sums do not wait for each other. */
  private static final int TILE = 8;

  private final HostPicks picks = new HostPicks();
  private SelectionListener listener;

  @Override
  public String name() {
    return "scalar";
  }

  @Override
  public String description() {
    return "scalar: plain loops, double accumulation";
  }

  @Override
  public Driving driving() {
    return Driving.HOST;
  }

  @Override
  public Buffer allocate(long elements) {
    return new ScalarBuffer(new float[arraySize(elements)]);
  }

  @Override
  public Buffer parameter(Tensor... parts) {
    return new ScalarBuffer(ScalarWeight.concatenate(parts));
  }

  @Override
  public Weight weight(Tensor... parts) {
    return ScalarWeight.of(parts);
  }

  @Override
  public KvStore kvStore(ModelConfig config, int pages) {
    return new ScalarKvStore(config, pages);
  }

  @Override
  public void embed(Weight table, int[] tokens, float scale, Buffer out) {
    ScalarWeight w = (ScalarWeight) table;
    float[] to = ScalarBuffer.of(out);
    for (int i = 0; i < tokens.length; i++) {
      for (int c = 0; c < w.in(); c++) {
        to[i * w.in() + c] = w.data()[tokens[i] * w.in() + c] * scale;
      }
    }
  }

  @Override
  public void rmsNorm(Buffer x, int rows, int cols, Buffer weight, float eps, Buffer out) {
    float[] from = ScalarBuffer.of(x);
    float[] w = ScalarBuffer.of(weight);
    float[] to = ScalarBuffer.of(out);
    parallel(rows, r -> normalise(from, r * cols, cols, w, eps, to, r * cols));
  }

  private static void normalise(
      float[] x, int at, int cols, float[] weight, float eps, float[] to, int toAt) {
    double squares = 0;
    for (int c = 0; c < cols; c++) {
      squares += (double) x[at + c] * x[at + c];
    }
    double inverse = 1 / Math.sqrt(squares / cols + eps);
    for (int c = 0; c < cols; c++) {
      to[toAt + c] = (float) (x[at + c] * inverse * weight[c]);
    }
  }

  @Override
  public void matmul(
      Buffer x, int rows, Weight w, Buffer bias, Epilogue epilogue, float scale, Buffer out) {
    float[] b = bias == null ? null : ScalarBuffer.of(bias);
    float[] to = ScalarBuffer.of(out);
    int cols = w.out();
    if (epilogue != Epilogue.SWIGLU) {
      boolean add = epilogue == Epilogue.ADD_SCALED;
      product(
          ScalarBuffer.of(x),
          rows,
          (ScalarWeight) w,
          (r, c, v) -> {
            double y = b == null ? v : v + b[c];
            int at = r * cols + c;
            to[at] = (float) (add ? to[at] + scale * y : y);
          });
      return;
    }
    int half = cols / 2;
    double[] both = new double[arraySize((long) rows * cols)];
    product(
        ScalarBuffer.of(x),
        rows,
        (ScalarWeight) w,
        (r, c, v) -> both[r * cols + c] = b == null ? v : v + b[c]);
    parallel(
        rows,
        r -> {
          for (int c = 0; c < half; c++) {
            double gate = both[r * cols + c];
            to[r * half + c] = (float) (gate / (1 + Math.exp(-gate)) * both[r * cols + half + c]);
          }
        });
  }

  /** Takes the element of a product at a row and a column. */
  private interface Sink {
    void accept(int row, int col, double value);
  }

  private static void product(float[] x, int rows, ScalarWeight w, Sink sink) {
    int in = w.in();
    float[] data = w.data();
    parallel(
        (w.out() + TILE - 1) / TILE,
        tile -> {
          int first = tile * TILE;
          int n = Math.min(TILE, w.out() - first);
          double[] columns = new double[in * TILE];
          for (int j = 0; j < n; j++) {
            for (int i = 0; i < in; i++) {
              columns[i * TILE + j] = data[(first + j) * in + i];
            }
          }
          double[] sum = new double[TILE];
          for (int r = 0; r < rows; r++) {
            dot(x, r * in, columns, in, sum);
            for (int j = 0; j < n; j++) {
              sink.accept(r, first + j, sum[j]);
            }
          }
        });
  }

  /** Multiplies one row by {@link #TILE} columns, [in, TILE]. */
  private static void dot(float[] x, int at, double[] w, int in, double[] sum) {
    double s0 = 0;
    double s1 = 0;
    double s2 = 0;
    double s3 = 0;
    double s4 = 0;
    double s5 = 0;
    double s6 = 0;
    double s7 = 0;
    for (int i = 0; i < in; i++) {
      double v = x[at + i];
      int k = i * TILE;
      s0 += v * w[k];
      s1 += v * w[k + 1];
      s2 += v * w[k + 2];
      s3 += v * w[k + 3];
      s4 += v * w[k + 4];
      s5 += v * w[k + 5];
      s6 += v * w[k + 6];
      s7 += v * w[k + 7];
    }
    sum[0] = s0;
    sum[1] = s1;
    sum[2] = s2;
    sum[3] = s3;
    sum[4] = s4;
    sum[5] = s5;
    sum[6] = s6;
    sum[7] = s7;
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
    float[] data = ScalarBuffer.of(qkv);
    int dim = config.headDim();
    for (Step.Segment segment : step.segments()) {
      parallel(
          segment.count(),
          i -> {
            int row = (segment.firstRow() + i) * config.qkvSize();
            for (int h = 0; h < config.heads() + config.kvHeads(); h++) {
              Buffer norm = h < config.heads() ? qNorm : kNorm;
              int at = row + h * dim;
              if (norm != null) {
                normalise(data, at, dim, ScalarBuffer.of(norm), config.rmsNormEps(), data, at);
              }
              rotate(data, at, dim, config.rope(), segment.start() + i);
            }
          });
      for (int i = 0; i < segment.count(); i++) {
        int k = (segment.firstRow() + i) * config.qkvSize() + config.heads() * dim;
        int v = k + config.kvHeads() * dim;
        ((ScalarKvStore) kv).put(segment.sequence(), layer, segment.start() + i, data, k, data, v);
      }
    }
  }

  private static void rotate(float[] x, int at, int dim, RopeConfig rope, int position) {
    int half = dim / 2;
    for (int i = 0; i < half; i++) {
      double angle = rope.angle(position, i);
      double cos = Math.cos(angle) * rope.attentionScale();
      double sin = Math.sin(angle) * rope.attentionScale();
      double a = x[at + i];
      double b = x[at + half + i];
      x[at + i] = (float) (a * cos - b * sin);
      x[at + half + i] = (float) (b * cos + a * sin);
    }
  }

  @Override
  public void onSelect(SelectionListener listener) {
    this.listener = listener;
  }

  @Override
  public void attend(ModelConfig config, Buffer qkv, Step step, int layer, KvStore kv, Buffer out) {
    float[] q = ScalarBuffer.of(qkv);
    float[] to = ScalarBuffer.of(out);
    int outSize = config.heads() * config.headDim();
    for (Step.Segment segment : step.segments()) {
      Sequence sequence = segment.sequence();
      AttentionMethod method = sequence.method();
      KvView view = kv.view(sequence, layer);
      parallel(
          segment.count(),
          i -> {
            int row = segment.firstRow() + i;
            int position = segment.start() + i;
            int decision = sequence.decisionLength(position);
            int at = row * config.qkvSize();
            method.attend(q, at, position, decision, view, to, row * outSize);
            if (listener != null && method instanceof InfLlmV2 m && m.isSparse(decision)) {
              for (int h = 0; h < config.kvHeads(); h++) {
                listener.selected(sequence, layer, position, h, m.select(q, at, position, h, view));
              }
            }
          });
    }
  }

  @Override
  public Results pick(ModelConfig config, Buffer x, Step step, Buffer norm, Weight head) {
    int hidden = config.hiddenSize();
    float[] from = ScalarBuffer.of(x);
    float[] weight = ScalarBuffer.of(norm);
    int vocab = head.out();
    return picks.run(
        step.picks(),
        vocab,
        (rows, logits) -> {
          float[] last = new float[rows.length * hidden];
          for (int i = 0; i < rows.length; i++) {
            int at = rows[i] * hidden;
            normalise(from, at, hidden, weight, config.rmsNormEps(), last, i * hidden);
            for (int c = 0; c < hidden; c++) {
              last[i * hidden + c] *= config.logitScale();
            }
          }
          product(
              last,
              rows.length,
              (ScalarWeight) head,
              (r, c, v) -> logits[r * vocab + c] = (float) v);
        });
  }

  @Override
  public void close() {
    // nothing is held
  }

  /** Returns {@code elements} as an array size. */
  static int arraySize(long elements) {
    if (elements > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          elements + " elements are too many for the scalar backend; use smaller chunks");
    }
    return (int) elements;
  }

  private static void parallel(int n, IntConsumer body) {
    if (n == 1) {
      body.accept(0);
    } else {
      IntStream.range(0, n).parallel().forEach(body);
    }
  }
}
