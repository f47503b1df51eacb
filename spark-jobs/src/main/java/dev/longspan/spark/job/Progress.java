package dev.longspan.spark.job;

import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkContext;
import org.apache.spark.scheduler.AccumulableInfo;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorMetricsUpdate;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.util.AccumulatorV2;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Tells how far a job is, from the counters that come with the executors' heartbeats and with the
 * end of each task.
 */
final class Progress extends SparkListener implements AutoCloseable {
  private final SparkContext context;
  private final Counters counters;
  private final ProgressDisplay display;
  private final ScheduledExecutorService timer;
  private final long total;
  private final long reused;
  private final double totalCost;
  private final long start = System.nanoTime();
  // Newest value of each counter of each task attempt; a failed attempt's rows are committed too.
  private final Map<Long, Map<String, Double>> tasks = new HashMap<>();
  private boolean ended;

  private Progress(
      SparkContext context,
      Counters counters,
      long total,
      long reused,
      double totalCost,
      ProgressDisplay display) {
    this.context = context;
    this.counters = counters;
    this.display = display;
    this.total = total;
    this.reused = reused;
    this.totalCost = totalCost;
    timer =
        Executors.newSingleThreadScheduledExecutor(
            work -> {
              Thread thread = new Thread(work, "longspan-progress");
              thread.setDaemon(true);
              return thread;
            });
  }

  static Progress start(
      SparkContext context,
      Counters counters,
      long total,
      long reused,
      double totalCost,
      ProgressDisplay display) {
    Progress progress = new Progress(context, counters, total, reused, totalCost, display);
    context.addSparkListener(progress);
    progress.timer.scheduleAtFixedRate(() -> display.show(progress.line()), 0, 1, TimeUnit.SECONDS);
    return progress;
  }

  @Override
  public synchronized void onExecutorMetricsUpdate(SparkListenerExecutorMetricsUpdate update) {
    CollectionConverters.asJava(update.accumUpdates())
        .forEach(task -> task((Long) task._1(), CollectionConverters.asJava(task._4())));
  }

  @Override
  public synchronized void onTaskEnd(SparkListenerTaskEnd end) {
    task(end.taskInfo().taskId(), CollectionConverters.asJava(end.taskInfo().accumulables()));
  }

  private void task(long id, Iterable<AccumulableInfo> updates) {
    for (AccumulableInfo info : updates) {
      if (info.name().isDefined() && info.name().get().startsWith(Counters.PREFIX)) {
        if (info.update().isDefined() && info.update().get() instanceof Number value) {
          tasks
              .computeIfAbsent(id, key -> new HashMap<>())
              .put(info.name().get(), value.doubleValue());
        }
      }
    }
  }

  private double sum(AccumulatorV2<?, ?> counter) {
    // When the job has ended the driver's own values are complete; the last events may be late.
    if (ended) {
      return ((Number) counter.value()).doubleValue();
    }
    double sum = 0;
    for (Map<String, Double> task : tasks.values()) {
      sum += task.getOrDefault(counter.name().get(), 0.0);
    }
    return sum;
  }

  /** Returns the state in one line. */
  private synchronized String line() {
    double seconds = Math.max(1e-3, (System.nanoTime() - start) / 1e9);
    return describe(
        Math.min(total, Math.round(sum(counters.rows()))),
        total,
        reused,
        Math.round(sum(counters.errors())),
        sum(counters.promptTokens()) / seconds,
        sum(counters.newTokens()) / seconds,
        ended ? 0 : secondsLeft(seconds));
  }

  private double secondsLeft(double seconds) {
    double done = sum(counters.cost());
    return done <= 0 ? Double.NaN : seconds * Math.max(0, totalCost - done) / done;
  }

  /**
   * Returns a state in one line.
   *
   * @param left seconds, or NaN where nobody knows yet
   */
  static String describe(
      long done,
      long total,
      long reused,
      long errors,
      double promptRate,
      double newRate,
      double left) {
    StringBuilder line = new StringBuilder();
    line.append(String.format(Locale.ROOT, "%,d of %,d rows", done, total));
    if (reused > 0) {
      line.append(String.format(Locale.ROOT, " (and %,d from before)", reused));
    }
    if (errors > 0) {
      line.append(String.format(Locale.ROOT, ", %,d %s", errors, errors == 1 ? "error" : "errors"));
    }
    line.append(
        String.format(Locale.ROOT, " | prefill %,.0f tokens/s, decode %,.0f", promptRate, newRate));
    if (done < total) {
      line.append(" | ").append(Double.isNaN(left) ? "time left unknown" : words(left) + " left");
    }
    return line.toString();
  }

  private static String words(double seconds) {
    Duration duration = Duration.ofSeconds(Math.round(seconds));
    if (duration.toHours() > 0) {
      return String.format(
          Locale.ROOT, "%d h %02d min", duration.toHours(), duration.toMinutesPart());
    }
    if (duration.toMinutes() > 0) {
      return String.format(
          Locale.ROOT, "%d min %02d s", duration.toMinutes(), duration.toSecondsPart());
    }
    return duration.toSeconds() + " s";
  }

  /** Says that the job has ended well. */
  synchronized void finish() {
    ended = true;
  }

  @Override
  public void close() {
    timer.shutdownNow();
    context.removeSparkListener(this);
    display.end(line());
  }
}
