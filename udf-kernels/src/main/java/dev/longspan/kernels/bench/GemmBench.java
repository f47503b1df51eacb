package dev.longspan.kernels.bench;

import dev.longspan.kernels.backend.cuda.BenchProducts;
import dev.longspan.kernels.backend.cuda.BenchProducts.Product;
import dev.longspan.kernels.backend.cuda.device.Device;
import dev.longspan.kernels.model.ModelConfig;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Measures the matrix products of the cuda backend, in microseconds, with what becomes of them in
 * the model (a residual added in float32, a gate applied), inside a graph; of prompts also alone.
 *
 * <p>Few rows, as answers have, are bound by the weights, which take turns so that none is found in
 * the L2 cache; many rows, as prompts have, by arithmetic. A case is written {@code gate-up 4096 x
 * 4096 x 32768}: rows, inputs, outputs.
 */
public final class GemmBench {
  private GemmBench() {}

  /**
   * What to measure.
   *
   * @param model the sizes
   * @param rows numbers of rows
   * @param runs measured runs of each case
   * @param warmups runs of each case before, not counted
   * @param device ordinal, UUID or PCI bus id of the GPU
   * @param command the command line that repeats the measurement, for the records
   */
  public record Options(
      ModelConfig model, List<Integer> rows, int runs, int warmups, String device, String command) {

    /** Checks the numbers; a message names the option, its value and what it must be. */
    public Options {
      rows.forEach(n -> Checks.atLeast("rows", n, 1));
      Checks.atLeast("runs", runs, 1);
      Checks.atLeast("warmups", warmups, 0);
    }
  }

  /**
   * Measures every product with every number of rows; the head with those of answers only.
   *
   * @param sink gets a record per case
   * @throws IllegalArgumentException if there is no GPU to measure; the message says why
   */
  public static void run(Options options, Consumer<BenchRecord> sink) {
    try (Device device = Gpus.open("gemm", options.device)) {
      for (int rows : options.rows) {
        for (Product product : Product.values()) {
          if (product != Product.HEAD || BenchProducts.isAnswer(rows)) {
            sink.accept(measure(device, options, product, rows));
          }
        }
      }
    }
  }

  private static BenchRecord measure(Device device, Options options, Product product, int rows) {
    int k = product.inputs(options.model);
    int n = product.outputs(options.model);
    boolean answer = BenchProducts.isAnswer(rows);
    Runs runs = time(device, options, product, rows, false);
    Map<String, Double> details =
        answer ? Map.of() : Map.of("alone", time(device, options, product, rows, true).median());
    double rate = (double) n * k / (1e-6 * runs.median());
    return Gpus.record(
        device,
        "gemm",
        String.format("%s %d x %d x %d", product, rows, k, n),
        "us",
        runs,
        Map.of(),
        answer
            ? String.format(Locale.ROOT, "%.0f GB/s", Short.BYTES * rate * 1e-9)
            : Arithmetic.rate(2 * rows * rate),
        details,
        options.command);
  }

  private static Runs time(
      Device device, Options options, Product product, int rows, boolean alone) {
    Runs runs = new Runs();
    try (BenchProducts bench = new BenchProducts(device, options.model, product, rows, alone)) {
      for (int i = -options.warmups; i < options.runs; i++) {
        double micros = bench.run();
        if (i >= 0) {
          runs.add(micros);
        }
      }
    }
    return runs;
  }
}
