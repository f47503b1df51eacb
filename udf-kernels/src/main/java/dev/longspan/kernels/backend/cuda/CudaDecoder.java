package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.backend.Decoder;
import dev.longspan.kernels.backend.KvStore;
import dev.longspan.kernels.backend.SelectionListener;
import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.backend.cuda.device.Stream;
import dev.longspan.kernels.checkpoint.WeightSource;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.Pending;
import dev.longspan.kernels.model.Step;
import java.util.Locale;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A decoder on the GPU: prompts and answers go different ways through the same weights. */
final class CudaDecoder implements Decoder {
  private static final Logger LOG = LoggerFactory.getLogger(CudaDecoder.class);

  /** What the driver takes by itself later: for graphs, stacks and code. */
  private static final long RESERVE = 512L << 20;

  private final Parts parts;
  private final long budget;
  private final PageAssigner pages;
  private final PromptPass prompts;
  private final AnswerPass answers;

  /**
   * What both ways share.
   *
   * @param owner closes what is made for the decoder
   * @param hopper whether to take the kernels for compute capability 9.0
   * @param listener gives who hears of selections, or null
   */
  record Parts(
      Owner owner,
      Device device,
      Stream stream,
      ModelConfig config,
      CudaWeights weights,
      boolean hopper,
      Norms norms,
      RopeStore rope,
      DevicePicks picks,
      Supplier<SelectionListener> listener) {

    /** Lets something live as long as the decoder. */
    <T extends AutoCloseable> T own(T resource) {
      return owner.own(resource);
    }
  }

  private CudaDecoder(Parts parts, long budget) {
    this.parts = parts;
    this.budget = budget;
    AnswerBuffers buffers = parts.own(AnswerBuffers.allocate(parts.device, parts.config));
    pages = parts.own(new PageAssigner(parts.device, parts.config));
    PromptProducts promptProducts;
    AnswerProducts answerProducts;
    if (parts.hopper) {
      promptProducts = new HopperGemm(parts.device);
      answerProducts = parts.own(new HopperAnswers(parts, buffers));
    } else {
      PortableGemm gemm = new PortableGemm(parts.device);
      promptProducts = PromptProducts.portable(gemm);
      answerProducts = new PortableAnswers(parts.config, parts.weights, buffers, parts.norms, gemm);
    }
    prompts = parts.own(new PromptPass(parts, promptProducts));
    answers = new AnswerPass(parts, buffers, answerProducts);
  }

  /**
   * Brings a model to the device.
   *
   * @param budget bytes that weights, activations and caches may take together
   * @param listener gives who hears of selections, or null
   */
  static CudaDecoder load(
      Device device,
      Stream stream,
      ModelConfig config,
      WeightSource source,
      long budget,
      Supplier<SelectionListener> listener) {
    Owner owner = new Owner();
    try {
      CudaWeights weights = owner.own(load(device, stream, config, source));
      DevicePicks picks = owner.own(new DevicePicks(device, config.vocabSize()));
      RopeStore rope = owner.own(new RopeStore(device, stream, config, config.maxPositions()));
      Norms norms = new Norms(device);
      boolean hopper = device.info().computeCapability() == 90;
      return new CudaDecoder(
          new Parts(owner, device, stream, config, weights, hopper, norms, rope, picks, listener),
          budget);
    } catch (RuntimeException | Error e) {
      owner.close();
      throw e;
    }
  }

  private static CudaWeights load(
      Device device, Stream stream, ModelConfig config, WeightSource source) {
    long start = System.nanoTime();
    CudaWeights weights = CudaWeights.load(device, stream, config, source);
    double seconds = (System.nanoTime() - start) * 1e-9;
    double gigabytes = weights.bytes() * 1e-9;
    LOG.info(
        String.format(
            Locale.ROOT,
            "weights: %.2f GB in %.1f s (%.1f GB/s)",
            gigabytes,
            seconds,
            gigabytes / seconds));
    return weights;
  }

  @Override
  public void reserve(int rows) {
    prompts.reserve(rows);
  }

  @Override
  public long pageBytes() {
    return CudaKvStore.pageBytes(parts.config);
  }

  @Override
  public long cacheBytes(int rows) {
    Device device = parts.device;
    long taken = device.totalMemory() - device.freeMemory();
    long activations = prompts.reserved() >= rows ? 0 : PromptBuffers.bytes(parts.config, rows);
    long fixed = CudaKvStore.fixedBytes(parts.config);
    return Math.max(0, budget - taken - activations - fixed - RESERVE);
  }

  @Override
  public KvStore kvStore(int count) {
    return new CudaKvStore(parts.device, parts.stream, parts.config, count);
  }

  @Override
  public Pending launch(Step step, KvStore kv) {
    CudaKvStore store = (CudaKvStore) kv;
    pages.assign(parts.stream, step, store);
    return step.segments().get(0).answer()
        ? answers.launch(step, store)
        : prompts.launch(step, store);
  }

  @Override
  public void close() {
    parts.stream.synchronize();
    parts.owner.close();
  }
}
