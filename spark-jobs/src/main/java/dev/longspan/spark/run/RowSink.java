package dev.longspan.spark.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;

/**
 * Commits a task's finished rows in small files, by number and by age.
 *
 * <p>A killed run loses what was in flight and the rows of a few seconds.
 */
public final class RowSink implements AutoCloseable {
  private static final int FLUSH_ROWS = 256;

  private final Configuration configuration;
  private final StructType schema;
  private final Path folder;
  private final String prefix;
  private final ScheduledExecutorService timer;
  private List<Row> waiting = new ArrayList<>();
  private int files;
  private IOException failure;

  /**
   * Opens the sink of one task attempt.
   *
   * @param schema of the rows
   * @param folder generations/ of the run, or another of its folders
   * @param prefix begins the names of the files; names the job and the partition
   * @param attempt of the task, so that a retried task does not meet its own old names
   * @param flushSeconds oldest age of a row that is not committed
   */
  public RowSink(
      Configuration configuration,
      StructType schema,
      Path folder,
      String prefix,
      int attempt,
      int flushSeconds) {
    this.configuration = configuration;
    this.schema = schema;
    this.folder = folder;
    this.prefix = prefix + "-" + attempt;
    this.timer =
        Executors.newSingleThreadScheduledExecutor(
            work -> {
              Thread thread = new Thread(work, "longspan-flush-" + prefix);
              thread.setDaemon(true);
              return thread;
            });
    timer.scheduleWithFixedDelay(this::flushByAge, flushSeconds, flushSeconds, TimeUnit.SECONDS);
  }

  /** Returns what the names of the files of one partition begin with, whatever the attempt. */
  public static String prefix(String job, int partition) {
    return String.format(Locale.ROOT, "part-%s-%05d", job, partition);
  }

  /** Takes a row. */
  public synchronized void add(Row row) throws IOException {
    if (failure != null) {
      throw failure;
    }
    waiting.add(row);
    if (waiting.size() >= FLUSH_ROWS) {
      flush();
    }
  }

  private synchronized void flushByAge() {
    try {
      flush();
    } catch (IOException e) {
      failure = e;
    } catch (UncheckedIOException e) {
      failure = e.getCause();
    }
  }

  private void flush() throws IOException {
    if (waiting.isEmpty()) {
      return;
    }
    Path file = new Path(folder, String.format(Locale.ROOT, "%s-%05d.parquet", prefix, files));
    RowParquet.write(configuration, file, schema, waiting);
    files++;
    waiting = new ArrayList<>();
  }

  /** Commits the rest. */
  @Override
  public void close() throws IOException {
    timer.shutdownNow();
    synchronized (this) {
      if (failure != null) {
        throw failure;
      }
      flush();
    }
  }
}
