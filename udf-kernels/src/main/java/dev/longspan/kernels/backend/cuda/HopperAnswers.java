package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.backend.cuda.PortableGemm.Epilogue;
import dev.longspan.kernels.backend.cuda.ProductChain.Norm;
import dev.longspan.kernels.backend.cuda.ProductChain.Product;
import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;
import dev.longspan.kernels.backend.cuda.device.Stream;
import dev.longspan.kernels.model.ModelConfig;

/** The products of answers on Hopper: all between the attention of two layers in one launch. */
final class HopperAnswers implements AnswerProducts, AutoCloseable {
  private final ModelConfig config;
  private final CudaWeights weights;
  private final AnswerBuffers b;
  private final Norms norms;
  private final ProductChain chain;
  private final DeviceBuffer squares;

  HopperAnswers(CudaDecoder.Parts parts, AnswerBuffers buffers) {
    config = parts.config();
    weights = parts.weights();
    b = buffers;
    norms = parts.norms();
    long bytes = ProductChain.squaresBytes(config.hiddenSize());
    squares = parts.device().allocate("squares of answers", bytes);
    chain = new ProductChain(parts.device(), parts.stream());
  }

  @Override
  public int panelRows(int rows) {
    return ProductChain.panelRows(rows);
  }

  @Override
  public void first(Stream stream, int rows) {
    CudaWeights.Layer layer = weights.layers().get(0);
    norms.rmsNorm(
        stream,
        b.x,
        layer.inputNorm(),
        null,
        rows,
        config.hiddenSize(),
        config.rmsNormEps(),
        1,
        b.normed,
        panelRows(rows));
    chain.launch(stream, rows, project(layer, null));
  }

  @Override
  public void after(Stream stream, int layer, int rows) {
    CudaWeights.Layer w = weights.layers().get(layer);
    boolean last = layer + 1 == weights.layers().size();
    CudaWeights.Layer next = last ? null : weights.layers().get(layer + 1);
    float scale = config.residualScale();
    int hidden = config.hiddenSize();
    Norm middle = norm(w.postNorm());
    Norm end = norm(last ? weights.norm() : next.inputNorm());
    chain.launch(
        stream,
        rows,
        new Product(
            Epilogue.ADD,
            b.attention,
            null,
            w.output(),
            w.outputBias(),
            scale,
            b.x,
            hidden,
            middle),
        new Product(Epilogue.SWIGLU, b.normed, middle, w.gateUp(), null, 1, b.mlp, 0, null),
        new Product(Epilogue.ADD, b.mlp, null, w.down(), null, scale, b.x, hidden, end),
        last ? head(end) : project(next, end));
  }

  /** The same memory serves both norms of a layer: when one is written, the other has been read. */
  private Norm norm(DeviceBuffer weight) {
    return new Norm(weight, config.rmsNormEps(), b.normed, squares);
  }

  private Product project(CudaWeights.Layer w, Norm from) {
    int pitch = config.qkvSize();
    return new Product(Epilogue.STORE, b.normed, from, w.qkv(), w.qkvBias(), 1, b.qkv, pitch, null);
  }

  private Product head(Norm from) {
    int pitch = PromptBuffers.pitch(config.vocabSize());
    float scale = config.logitScale();
    return new Product(
        Epilogue.FLOAT, b.normed, from, weights.head(), null, scale, b.logits, pitch, null);
  }

  @Override
  public void close() {
    chain.close();
    squares.close();
  }
}
