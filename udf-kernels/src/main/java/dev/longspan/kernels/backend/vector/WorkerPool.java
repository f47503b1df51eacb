package dev.longspan.kernels.backend.vector;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Threads that spin for work.
 *
 * <p>A decode step is some fifty operations of ten microseconds: waking a sleeping thread would
 * take longer than most of them. So workers spin between operations and sleep only after {@link
 * #SPINS_BEFORE_PARK} idle turns, some 100 microseconds.
 *
 * <p>The caller works too and never waits for a worker that has not taken a task, so a worker that
 * the operating system has put aside delays nothing.
 */
final class WorkerPool implements AutoCloseable {
  /** Work that is split into numbered tasks. */
  interface Work {
    /**
     * Does one task.
     *
     * @param task which, from 0
     * @param worker who does it, from 0 (the caller) to threads - 1: for scratch memory
     */
    void run(int task, int worker);
  }

  private static final int SPINS_BEFORE_PARK = 2_000;
  private static final int SPINS_BEFORE_YIELD = 5_000;

  /**
   * Number of the operation in the upper half, tasks not yet taken in the lower. A worker reads
   * this and then the fields below; if its compare-and-set succeeds they belong to the same
   * operation, because the caller changes them only when no task is left.
   */
  private final AtomicLong ticket = new AtomicLong();

  private final AtomicInteger done = new AtomicInteger();
  private final Worker[] workers;
  private Work work;
  private int count;
  private volatile Throwable failure;
  private volatile boolean closed;

  /** Starts {@code threads - 1} daemon threads; the caller of {@link #run} is the other one. */
  WorkerPool(int threads) {
    if (threads < 1) {
      throw new IllegalArgumentException("threads is " + threads + " but must be at least 1");
    }
    workers = new Worker[threads - 1];
    for (int i = 0; i < workers.length; i++) {
      workers[i] = new Worker(i + 1);
      workers[i].start();
    }
  }

  /** Returns the number of threads, the caller included. */
  int threads() {
    return workers.length + 1;
  }

  /**
   * Does all tasks and returns when they are done. Tasks are taken in ascending order.
   *
   * @throws RuntimeException or Error the first failure of a task, after all tasks have ended
   */
  void run(int tasks, Work body) {
    if (closed) {
      throw new IllegalStateException("the backend is closed; open a new one");
    }
    if (tasks == 1 || workers.length == 0) {
      for (int i = 0; i < tasks; i++) {
        body.run(i, 0);
      }
      return;
    }
    work = body;
    count = tasks;
    done.set(0);
    ticket.set((ticket.get() >>> 32) + 1 << 32 | tasks);
    for (Worker worker : workers) {
      worker.wake();
    }
    while (takeOne(0)) {
      continue;
    }
    for (int spins = 0; done.get() < tasks; spins++) {
      pause(spins);
    }
    work = null;
    if (failure != null) {
      Throwable thrown = failure;
      failure = null;
      if (thrown instanceof Error error) {
        throw error;
      }
      throw (RuntimeException) thrown;
    }
  }

  /** Does a task if one is left. */
  private boolean takeOne(int worker) {
    long now = ticket.get();
    int left = (int) now;
    if (left == 0) {
      return false;
    }
    Work body = work;
    int task = count - left;
    if (ticket.compareAndSet(now, now - 1)) {
      try {
        body.run(task, worker);
      } catch (RuntimeException | Error e) {
        failure = e;
      } finally {
        done.incrementAndGet();
      }
    }
    return true;
  }

  private static void pause(int spins) {
    // The machine may be shared: a thread that waits for long lets the others run.
    if (spins < SPINS_BEFORE_YIELD) {
      Thread.onSpinWait();
    } else {
      Thread.yield();
    }
  }

  /** Ends the threads. */
  @Override
  public void close() {
    closed = true;
    for (Worker worker : workers) {
      LockSupport.unpark(worker);
    }
  }

  private final class Worker extends Thread {
    private final int index;
    private volatile boolean parked;

    Worker(int index) {
      super("longspan-vector-" + index);
      this.index = index;
      setDaemon(true);
    }

    void wake() {
      if (parked) {
        LockSupport.unpark(this);
      }
    }

    @Override
    public void run() {
      int idle = 0;
      while (!closed) {
        if (takeOne(index)) {
          idle = 0;
        } else if (++idle < SPINS_BEFORE_PARK) {
          Thread.onSpinWait();
        } else {
          parked = true;
          // The caller sets the ticket before it reads parked, we the other way round.
          if ((int) ticket.get() == 0 && !closed) {
            LockSupport.park(this);
          }
          parked = false;
          idle = 0;
        }
      }
    }
  }
}
