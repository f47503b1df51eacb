package dev.longspan.spark.job;

import dev.longspan.kernels.backend.Backend;
import dev.longspan.kernels.backend.Backends;
import dev.longspan.kernels.engine.Engine;
import dev.longspan.kernels.engine.EngineOptions;
import dev.longspan.kernels.model.Model;
import dev.longspan.kernels.tokenizer.Tokenizer;
import java.nio.file.Path;
import org.apache.spark.TaskContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A backend, a model and an engine over it, and who uses them. */
final class SharedEngine implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SharedEngine.class);

  /** What is replaced when an engine fails. */
  record Running(
      int generation, Backend backend, Model model, Engine engine, EngineOptions options) {}

  private final EngineSpec spec;
  private final Path folder;
  private final Tokenizer tokenizer;
  private Running running;
  private int leases;

  SharedEngine(EngineSpec spec, Path folder) {
    this.spec = spec;
    this.folder = folder;
    tokenizer = Tokenizer.load(folder);
    try {
      running = start(0);
    } catch (RuntimeException | Error e) {
      tokenizer.close();
      throw e;
    }
  }

  private Running start(int generation) {
    Backend backend = Backends.open(spec.backend(), gpu(), spec.gpuMemoryFraction());
    Model model = null;
    try {
      model = Model.load(folder, backend);
      EngineOptions options =
          EngineOptions.forModel(model, spec.chunkTokens(), spec.maxSequences());
      Engine engine = Engine.start(model, tokenizer, options);
      return new Running(generation, backend, model, engine, options);
    } catch (RuntimeException | Error e) {
      if (model != null) {
        model.close();
      }
      backend.close();
      throw e;
    }
  }

  /** The GPU that was asked for, or that Spark assigned to the task which opens the engine. */
  private String gpu() {
    TaskContext task = TaskContext.get();
    return spec.gpu() != null || task == null || !task.resourcesJMap().containsKey("gpu")
        ? spec.gpu()
        : task.resourcesJMap().get("gpu").addresses()[0];
  }

  Tokenizer tokenizer() {
    return tokenizer;
  }

  int maxSequences() {
    return running().options().maxSequences();
  }

  synchronized Running running() {
    return running;
  }

  /** Replaces the engine unless somebody did so since {@code generation} was seen to fail. */
  synchronized void replace(int generation) {
    if (running.generation() == generation) {
      LOG.warn("the engine failed; opening the model and an engine anew");
      stop(running);
      running = start(generation + 1);
    }
  }

  // The count is guarded by Engines.

  void leased() {
    leases++;
  }

  void returned() {
    leases--;
  }

  int leases() {
    return leases;
  }

  @Override
  public synchronized void close() {
    stop(running);
    tokenizer.close();
  }

  private static void stop(Running old) {
    old.engine().close();
    old.model().close();
    old.backend().close();
  }
}
