package dev.longspan.spark.job;

import dev.longspan.spark.model.ModelCache;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The engines of this JVM, shared by its tasks.
 *
 * <p>An engine stays open when its last task ends, since the next task of the job will want it; it
 * is closed when a task wants another one instead, by {@link #closeIdle}, and when the JVM ends.
 */
public final class Engines {
  private static final Logger LOG = LoggerFactory.getLogger(Engines.class);
  private static final Map<EngineSpec, SharedEngine> OPEN = new HashMap<>();

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(Engines::closeIdle, "longspan-engines-close"));
  }

  private Engines() {}

  /**
   * Returns a lease on the engine for {@code spec}, which is opened if it is not there.
   *
   * @throws RuntimeException if the model or the backend can't be opened
   */
  public static synchronized EngineLease acquire(EngineSpec spec, Configuration configuration) {
    SharedEngine engine = OPEN.get(spec);
    if (engine == null) {
      closeIdle();
      engine = new SharedEngine(spec, ModelCache.ofUser(configuration).localise(spec.model()));
      OPEN.put(spec, engine);
    }
    engine.leased();
    return new EngineLease(engine);
  }

  static synchronized void release(SharedEngine engine) {
    engine.returned();
  }

  /** Closes the engines that no task uses. */
  public static synchronized void closeIdle() {
    for (Iterator<SharedEngine> all = OPEN.values().iterator(); all.hasNext(); ) {
      SharedEngine engine = all.next();
      if (engine.leases() == 0) {
        all.remove();
        try {
          engine.close();
        } catch (RuntimeException e) {
          LOG.warn("closing an engine failed", e);
        }
      }
    }
  }

  /** Returns the number of open engines. */
  static synchronized int open() {
    return OPEN.size();
  }
}
