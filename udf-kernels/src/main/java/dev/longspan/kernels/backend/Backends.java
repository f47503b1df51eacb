package dev.longspan.kernels.backend;

import dev.longspan.kernels.backend.cuda.CudaBackend;
import dev.longspan.kernels.backend.cuda.CudaOptions;
import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.backend.scalar.ScalarBackend;
import dev.longspan.kernels.backend.vector.VectorBackend;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Chooses the backend. */
public final class Backends {
  /** The names that {@link #open} knows, after {@code auto} from best to slowest. */
  public static final List<String> NAMES = List.of("auto", "cuda", "vector", "scalar");

  private static final Logger LOG = LoggerFactory.getLogger(Backends.class);

  private Backends() {}

  /**
   * Opens a backend and logs which one, and why each better one was refused.
   *
   * @param name {@code auto} for the best that works here, or {@code scalar}, {@code vector} or
   *     {@code cuda}
   * @throws IllegalArgumentException if the name is unknown or that backend cannot work here; the
   *     message says what would change that
   */
  public static Backend open(String name) {
    return open(name, null, null);
  }

  /**
   * Opens a backend as {@link #open(String)} does, with a choice of GPU and of its memory.
   *
   * @param gpu ordinal, UUID or PCI bus id; null for the first
   * @param gpuMemoryFraction share of the GPU's free memory to take, above 0 and at most 1; null
   *     for nine tenths
   */
  public static Backend open(String name, String gpu, Double gpuMemoryFraction) {
    CudaOptions usual = CudaOptions.DEFAULT;
    return open(
        name,
        new CudaOptions(
            gpu == null ? usual.device() : gpu,
            gpuMemoryFraction == null ? usual.memoryFraction() : gpuMemoryFraction));
  }

  private static Backend open(String name, CudaOptions options) {
    if (!NAMES.contains(name)) {
      throw new IllegalArgumentException(
          "backend '" + name + "' is unknown; use one of " + String.join(", ", NAMES));
    }
    List<String> candidates = name.equals("auto") ? NAMES.subList(1, NAMES.size()) : List.of(name);
    List<String> refusals = new ArrayList<>();
    for (String candidate : candidates) {
      String refusal = refusal(candidate, options);
      if (refusal == null) {
        Backend backend = create(candidate, options);
        LOG.info("backend {} ({})", backend.name(), backend.description());
        return backend;
      }
      LOG.info("backend {} refused: {}", candidate, refusal);
      refusals.add("backend '" + candidate + "' cannot be used: " + refusal);
    }
    throw new IllegalArgumentException(String.join("\n", refusals));
  }

  /** Returns why a backend cannot work in this JVM and what would change that; null if it can. */
  static String refusal(String name, CudaOptions options) {
    return switch (name) {
      case "cuda" -> Device.refusal(options.device());
      case "vector" ->
          ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent()
              ? null
              : "the module jdk.incubator.vector is not readable;"
                  + " start java with --add-modules jdk.incubator.vector";
      default -> null;
    };
  }

  /** The class of a backend is loaded here and no earlier: it may link to a missing module. */
  private static Backend create(String name, CudaOptions options) {
    return switch (name) {
      case "cuda" -> new CudaBackend(options);
      case "vector" -> new VectorBackend();
      default -> new ScalarBackend();
    };
  }
}
