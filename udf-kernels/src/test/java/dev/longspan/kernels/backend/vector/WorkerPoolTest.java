package dev.longspan.kernels.backend.vector;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WorkerPoolTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5})
  void doesEveryTaskOnce(int threads) {
    try (WorkerPool pool = new WorkerPool(threads)) {
      for (int round = 0; round < 2_000; round++) {
        int tasks = round % 37;
        AtomicIntegerArray done = new AtomicIntegerArray(tasks);
        pool.run(
            tasks,
            (task, worker) -> {
              assertTrue(worker >= 0 && worker < threads, "worker " + worker);
              done.incrementAndGet(task);
            });
        for (int i = 0; i < tasks; i++) {
          assertEquals(1, done.get(i), "task " + i + " of round " + round);
        }
      }
    }
  }

  @Test
  void threadsWorkAtTheSameTime() {
    try (WorkerPool pool = new WorkerPool(3)) {
      CountDownLatch all = new CountDownLatch(3);
      Set<Integer> workers = ConcurrentHashMap.newKeySet();
      // Each task waits for the others: one thread alone would never finish.
      pool.run(
          3,
          (task, worker) -> {
            workers.add(worker);
            all.countDown();
            await(all);
          });
      assertEquals(Set.of(0, 1, 2), workers);
    }
  }

  @Test
  void wakesThreadsThatWentToSleep() {
    try (WorkerPool pool = new WorkerPool(2)) {
      for (int i = 0; i < 3; i++) {
        Thread worker = worker(pool);
        while (worker.getState() != Thread.State.WAITING) {
          Thread.onSpinWait();
        }
      }
      assertFalse(worker(pool).isInterrupted());
    }
  }

  /** Returns the pool's second thread, which takes part in a task to be found. */
  private static Thread worker(WorkerPool pool) {
    Thread[] found = new Thread[2];
    CountDownLatch both = new CountDownLatch(2);
    pool.run(
        2,
        (task, worker) -> {
          found[worker] = Thread.currentThread();
          both.countDown();
          await(both);
        });
    return found[1];
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void aFailureReachesTheCallerAndThePoolGoesOn(int threads) {
    try (WorkerPool pool = new WorkerPool(threads)) {
      AtomicInteger ended = new AtomicInteger();
      RuntimeException failure = new IllegalArgumentException("task 3 fails");
      RuntimeException thrown =
          assertThrows(
              IllegalArgumentException.class,
              () ->
                  pool.run(
                      8,
                      (task, worker) -> {
                        ended.incrementAndGet();
                        if (task == 3) {
                          throw failure;
                        }
                      }));
      assertSame(failure, thrown);
      assertEquals(threads == 1 ? 4 : 8, ended.get(), "tasks begun");

      ended.set(0);
      pool.run(8, (task, worker) -> ended.incrementAndGet());
      assertEquals(8, ended.get());
    }
  }

  @Test
  void anErrorReachesTheCallerToo() {
    try (WorkerPool pool = new WorkerPool(2)) {
      assertThrows(
          OutOfMemoryError.class,
          () ->
              pool.run(
                  4,
                  (task, worker) -> {
                    throw new OutOfMemoryError("no memory for task " + task);
                  }));
    }
  }

  @Test
  void closingEndsTheThreadsAndRefusesWork() throws InterruptedException {
    WorkerPool pool = new WorkerPool(2);
    Thread worker = worker(pool);
    pool.close();
    worker.join();
    IllegalStateException e =
        assertThrows(IllegalStateException.class, () -> pool.run(1, (task, w) -> {}));
    assertEquals("the backend is closed; open a new one", e.getMessage());
  }

  @Test
  void refusesNoThreads() {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> new WorkerPool(0));
    assertEquals("threads is 0 but must be at least 1", e.getMessage());
  }
}
