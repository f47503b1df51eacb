package dev.longspan.kernels.bench;

import dev.longspan.kernels.backend.cuda.device.Device;
import java.time.LocalDate;
import java.util.Map;

/** What the benches of kernels have in common. */
final class Gpus {
  private Gpus() {}

  /**
   * Opens a GPU to measure.
   *
   * @throws IllegalArgumentException if there is none; the message says why
   */
  static Device open(String bench, String selector) {
    String refusal = Device.refusal(selector);
    if (refusal != null) {
      throw new IllegalArgumentException(
          "bench " + bench + " measures GPU kernels, but none can run here: " + refusal);
    }
    return Device.open(selector);
  }

  /** Returns the record of a case that is measured now. */
  static BenchRecord record(
      Device device,
      String bench,
      String name,
      String unit,
      Runs runs,
      Map<String, Double> peers,
      String rate,
      Map<String, Double> details,
      String command) {
    return new BenchRecord(
        bench,
        name,
        runs.median(),
        unit,
        peers,
        rate,
        runs.low(),
        runs.high(),
        runs.count(),
        details,
        device.info().name(),
        Machine.driver(),
        Machine.commit(),
        LocalDate.now().toString(),
        command);
  }
}
