package dev.longspan.kernels.engine;

/** Counters behind {@link EngineStats}; thread safe. */
final class Meter {
  private final int totalPages;
  private long submitted;
  private long succeeded;
  private long failed;
  private long cancelled;
  private long steps;
  private long preemptions;
  private long prefillTokens;
  private long decodeTokens;
  private long reusedTokens;
  private double prefillSeconds;
  private double decodeSeconds;
  private int running;
  private int freePages;
  private int idlePages;

  Meter(int totalPages) {
    this.totalPages = totalPages;
    freePages = totalPages;
  }

  synchronized void submitted() {
    submitted++;
  }

  synchronized void finished(Response response) {
    if (!response.failed()) {
      succeeded++;
    } else if (response.errorCode().equals(Response.CANCELLED)) {
      cancelled++;
    } else {
      failed++;
    }
  }

  synchronized void preempted() {
    preemptions++;
  }

  synchronized void step(int prefillRows, int decodeRows, double seconds) {
    steps++;
    prefillTokens += prefillRows;
    decodeTokens += decodeRows;
    double decodeShare = (double) decodeRows / (prefillRows + decodeRows);
    decodeSeconds += seconds * decodeShare;
    prefillSeconds += seconds * (1 - decodeShare);
  }

  synchronized void reused(int tokens) {
    reusedTokens += tokens;
  }

  synchronized void now(int running, int freePages, int idlePages) {
    this.running = running;
    this.freePages = freePages;
    this.idlePages = idlePages;
  }

  synchronized EngineStats stats() {
    long waiting = submitted - succeeded - failed - cancelled - running;
    return new EngineStats(
        submitted,
        succeeded,
        failed,
        cancelled,
        running,
        (int) Math.max(0, waiting),
        steps,
        preemptions,
        prefillTokens,
        decodeTokens,
        reusedTokens,
        prefillSeconds,
        decodeSeconds,
        freePages,
        idlePages,
        totalPages);
  }
}
