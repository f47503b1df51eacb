package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.backend.Backend;
import dev.longspan.kernels.backend.Decoder;
import dev.longspan.kernels.backend.SelectionListener;
import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.backend.cuda.device.DeviceInfo;
import dev.longspan.kernels.backend.cuda.device.Stream;
import dev.longspan.kernels.checkpoint.WeightSource;
import dev.longspan.kernels.model.ModelConfig;
import java.util.Locale;

/**
 * One NVIDIA GPU: bfloat16 weights and keys, float32 sums.
 *
 * <p>A row's result is the same bits whatever the rows beside it and the chunks of its prompt. Rows
 * of prompts and rows of answers go through different kernels and therefore through different
 * steps.
 */
public final class CudaBackend implements Backend {
  /** Rows at which the matrix products of an 8B model run at full speed. */
  private static final int PROMPT_ROWS = 4096;

  private final Device device;
  private final Stream stream;
  private final CudaOptions options;
  private final long budget;
  private SelectionListener listener;

  /**
   * Opens a GPU.
   *
   * @throws dev.longspan.kernels.backend.cuda.device.DeviceException if it cannot be used; the
   *     message says why and what would change that
   */
  public CudaBackend(CudaOptions options) {
    this.options = options;
    device = Device.open(options.device());
    stream = device.stream("engine");
    long free = device.freeMemory();
    budget = device.totalMemory() - free + (long) (free * options.memoryFraction());
  }

  @Override
  public String name() {
    return "cuda";
  }

  @Override
  public String description() {
    DeviceInfo info = device.info();
    return String.format(
        Locale.ROOT,
        "cuda: %s, compute capability %d.%d, %d multiprocessors, %.1f GiB, driver for CUDA %s,"
            + " memory fraction %.2f",
        device.description(),
        info.computeCapability() / 10,
        info.computeCapability() % 10,
        info.multiprocessors(),
        info.totalMemory() * 0x1p-30,
        info.driver(),
        options.memoryFraction());
  }

  @Override
  public long freeMemory() {
    return device.freeMemory();
  }

  @Override
  public Driving driving() {
    return new Driving(true, PROMPT_ROWS, AnswerBuffers.ROWS, true);
  }

  @Override
  public Decoder load(ModelConfig config, WeightSource weights) {
    CudaShapes.check(config);
    return CudaDecoder.load(device, stream, config, weights, budget, () -> listener);
  }

  @Override
  public void onSelect(SelectionListener listener) {
    this.listener = listener;
  }

  @Override
  public void close() {
    stream.close();
    device.close();
  }
}
