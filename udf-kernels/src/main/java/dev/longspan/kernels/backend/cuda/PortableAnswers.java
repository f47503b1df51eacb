package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.backend.cuda.PortableGemm.Epilogue;
import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;
import dev.longspan.kernels.backend.cuda.device.Stream;
import dev.longspan.kernels.model.ModelConfig;

/** The products of answers one by one, by the kernels that every GPU has. */
final class PortableAnswers implements AnswerProducts {
  private final ModelConfig config;
  private final CudaWeights weights;
  private final AnswerBuffers b;
  private final Norms norms;
  private final PortableGemm gemm;

  PortableAnswers(
      ModelConfig config, CudaWeights weights, AnswerBuffers buffers, Norms norms, PortableGemm g) {
    this.config = config;
    this.weights = weights;
    this.b = buffers;
    this.norms = norms;
    this.gemm = g;
  }

  @Override
  public int panelRows(int rows) {
    return AnswerBuffers.ROWS;
  }

  @Override
  public void first(Stream stream, int rows) {
    project(stream, weights.layers().get(0), rows);
  }

  @Override
  public void after(Stream stream, int layer, int rows) {
    CudaWeights.Layer w = weights.layers().get(layer);
    int hidden = config.hiddenSize();
    float scale = config.residualScale();
    multiply(
        stream, Epilogue.ADD, b.attention, rows, w.output(), w.outputBias(), scale, b.x, hidden);
    norm(stream, w.postNorm(), 1, rows);
    multiply(
        stream, Epilogue.SWIGLU, b.normed, rows, w.gateUp(), null, 1, b.mlp, AnswerBuffers.ROWS);
    multiply(stream, Epilogue.ADD, b.mlp, rows, w.down(), null, scale, b.x, hidden);
    if (layer + 1 < weights.layers().size()) {
      project(stream, weights.layers().get(layer + 1), rows);
    } else {
      norm(stream, weights.norm(), config.logitScale(), rows);
      int pitch = PromptBuffers.pitch(config.vocabSize());
      multiply(stream, Epilogue.FLOAT, b.normed, rows, weights.head(), null, 1, b.logits, pitch);
    }
  }

  private void project(Stream stream, CudaWeights.Layer w, int rows) {
    norm(stream, w.inputNorm(), 1, rows);
    int pitch = config.qkvSize();
    multiply(stream, Epilogue.STORE, b.normed, rows, w.qkv(), w.qkvBias(), 1, b.qkv, pitch);
  }

  private void norm(Stream stream, DeviceBuffer weight, float scale, int rows) {
    norms.rmsNorm(
        stream,
        b.x,
        weight,
        null,
        rows,
        config.hiddenSize(),
        config.rmsNormEps(),
        scale,
        b.normed,
        AnswerBuffers.ROWS);
  }

  private void multiply(
      Stream stream,
      Epilogue epilogue,
      DeviceBuffer x,
      int rows,
      Matrix w,
      DeviceBuffer bias,
      float scale,
      DeviceBuffer out,
      int pitch) {
    int n = epilogue == Epilogue.SWIGLU ? (int) w.paddedRows() : w.n();
    gemm.few(
        stream,
        epilogue,
        x,
        AnswerBuffers.ROWS,
        rows,
        w.data(),
        w.paddedRows(),
        n,
        w.k(),
        bias,
        scale,
        out,
        pitch);
  }
}
