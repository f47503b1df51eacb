package dev.longspan.kernels.bench;

import dev.longspan.kernels.checkpoint.Checkpoint;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Measures how fast a model is brought from its folder to where it runs: gigabytes of weights per
 * second, everything else that opening it takes included.
 *
 * <p>To read the same files into memory and do nothing with them, from one thread, takes turns with
 * it. From the second run on the files are found in the page cache if memory has room for them.
 */
public final class LoadBench {
  private static final int BUFFER_BYTES = 16 << 20;

  private LoadBench() {}

  /**
   * What to measure.
   *
   * @param model the model's folder
   * @param backend name of the backend, as {@link BenchModel#open(Path, String)} takes it
   * @param runs measured runs
   * @param warmups runs before, not counted
   * @param command the command line that repeats the measurement, for the records
   */
  public record Options(Path model, String backend, int runs, int warmups, String command) {
    /** Checks the numbers; a message names the option, its value and what it must be. */
    public Options {
      Checks.atLeast("runs", runs, 1);
      Checks.atLeast("warmups", warmups, 0);
    }
  }

  /**
   * Loads the model again and again.
   *
   * @param sink gets the record
   * @throws dev.longspan.kernels.checkpoint.CheckpointException if the folder cannot be used
   */
  public static void run(Options options, Consumer<BenchRecord> sink) {
    List<Path> shards;
    try (Checkpoint checkpoint = Checkpoint.open(options.model)) {
      shards = checkpoint.files();
    }
    Runs loads = new Runs();
    Runs reads = new Runs();
    String name = "";
    String device = "";
    for (int i = -options.warmups; i < options.runs; i++) {
      long start = System.nanoTime();
      long loaded;
      try (BenchModel model = BenchModel.open(options.model, options.backend)) {
        loaded = System.nanoTime();
        name = model.name();
        device = model.device();
      }
      long begin = System.nanoTime();
      double gigabytes = 1e-9 * read(shards);
      if (i >= 0) {
        loads.add(gigabytes / (1e-9 * (loaded - start)));
        reads.add(gigabytes / (1e-9 * (System.nanoTime() - begin)));
      }
    }
    sink.accept(
        new BenchRecord(
            "load",
            name,
            loads.median(),
            "GB/s",
            Map.of("read", reads.median()),
            "",
            loads.low(),
            loads.high(),
            loads.count(),
            device,
            Machine.commit(),
            LocalDate.now().toString(),
            options.command));
  }

  /** Reads all weights of a model, and returns their bytes. */
  private static long read(List<Path> shards) {
    try {
      ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
      long bytes = 0;
      for (Path shard : shards) {
        try (FileChannel channel = FileChannel.open(shard)) {
          for (int n = 0; n >= 0; n = channel.read(buffer.clear())) {
            bytes += n;
          }
        }
      }
      return bytes;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
