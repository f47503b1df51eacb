package dev.longspan.spark.job;

import dev.longspan.kernels.engine.Request;
import dev.longspan.kernels.engine.Response;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * Requests in flight in an engine that may fail: it is replaced then, and they are asked again,
 * {@link #MAX_REPLAYS} times at most. For one thread.
 *
 * @param <T> what a request is about
 */
public final class Requests<T> implements AutoCloseable {
  static final int MAX_REPLAYS = 2;

  /**
   * A request that has ended.
   *
   * @param what it was about
   * @param response to it; may be a failure
   */
  public record Answered<T>(T what, Response response) {}

  private record InFlight<T>(T what, Request request, int replays) {}

  private record Finished<T>(InFlight<T> what, int engineGeneration, Response response) {}

  private final EngineLease lease;
  private final Map<String, InFlight<T>> inFlight = new HashMap<>();
  private final BlockingQueue<Finished<T>> finished = new LinkedBlockingQueue<>();

  /** Sends requests to the engine of {@code lease}, which stays the caller's. */
  public Requests(EngineLease lease) {
    this.lease = lease;
  }

  /** Returns the number of requests that have not come back. */
  public int count() {
    return inFlight.size();
  }

  /** Sends a request; no other in flight may have its key. */
  public void send(T what, Request request) {
    send(new InFlight<>(what, request, 0));
  }

  private void send(InFlight<T> what) {
    inFlight.put(what.request().key(), what);
    EngineLease.Ticket ticket = lease.submit(what.request());
    ticket
        .response()
        .thenAccept(response -> finished.add(new Finished<>(what, ticket.generation(), response)));
  }

  /** Waits for the next request that ends. */
  public Answered<T> await() {
    while (true) {
      Finished<T> one;
      try {
        one = finished.take();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("the task was interrupted while it waited for answers", e);
      }
      InFlight<T> what = one.what();
      boolean engineFailed =
          Response.ENGINE_FAILED.equals(one.response().errorCode())
              || Response.CANCELLED.equals(one.response().errorCode());
      if (engineFailed && what.replays() < MAX_REPLAYS) {
        lease.replace(one.engineGeneration());
        send(new InFlight<>(what.what(), what.request(), what.replays() + 1));
      } else {
        inFlight.remove(what.request().key());
        return new Answered<>(what.what(), one.response());
      }
    }
  }

  /** Takes back what is in flight. */
  @Override
  public void close() {
    inFlight.keySet().forEach(lease::cancel);
  }
}
