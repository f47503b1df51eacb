package dev.longspan.spark.job;

import dev.longspan.eval.code.CodeGrader;
import dev.longspan.eval.code.CodeLimits;
import dev.longspan.eval.code.Sandbox;
import java.io.IOException;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import org.apache.spark.SparkEnv;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The graders of this JVM, shared by its tasks, and the slots in which their programs run. */
final class Graders {
  private static final Logger LOG = LoggerFactory.getLogger(Graders.class);

  /** More than a machine has cores, so that executors of one machine use users of their own. */
  private static final int SLOTS = 256;

  private static final int EXECUTORS = 32;

  private static final Map<GradingSpec, CodeGrader> OPEN = new HashMap<>();
  private static final BitSet TAKEN = new BitSet();

  private Graders() {}

  static synchronized CodeGrader of(GradingSpec spec) throws IOException {
    CodeGrader grader = OPEN.get(spec);
    if (grader == null) {
      Sandbox sandbox = Sandbox.open(spec.python(), CodeLimits.DEFAULT, spec.allowNone());
      Runtime.getRuntime().addShutdownHook(new Thread(() -> close(sandbox), "longspan-sandbox"));
      grader = new CodeGrader(sandbox, CodeLimits.DEFAULT);
      OPEN.put(spec, grader);
    }
    return grader;
  }

  private static void close(Sandbox sandbox) {
    try {
      sandbox.close();
    } catch (IOException e) {
      LOG.warn("the sandbox's folder was not removed", e);
    }
  }

  /** Returns a slot that no other task of this JVM uses, and no other executor of the machine. */
  static synchronized int take() {
    int slot = TAKEN.nextClearBit(0);
    TAKEN.set(slot);
    String executor = SparkEnv.get().executorId();
    int offset = executor.matches("\\d{1,9}") ? 1 + Integer.parseInt(executor) % EXECUTORS : 0;
    return offset * SLOTS + slot;
  }

  static synchronized void giveBack(int slot) {
    TAKEN.clear(slot % SLOTS);
  }
}
