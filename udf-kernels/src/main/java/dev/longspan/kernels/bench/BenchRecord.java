package dev.longspan.kernels.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One measured case: one JSON line.
 *
 * @param bench which bench, for example {@code prefill}
 * @param name what was measured: model, method, length
 * @param ours median of the runs
 * @param unit unit of {@code ours}, {@code peers} and {@code spread}
 * @param peers what else was measured in the same run, by name; may be empty
 * @param rate the same as arithmetic or memory rate, with its unit
 * @param low smallest run
 * @param high largest run
 * @param runs number of runs, without those that warm up
 * @param details further numbers by name, in order: of stages in {@code unit}; may be empty
 * @param device processor and what the backend uses of it
 * @param driver version of the NVIDIA driver, or null where there is none
 * @param commit short hash of the sources, or {@code unknown}
 * @param date ISO date
 * @param command how to repeat it
 */
public record BenchRecord(
    String bench,
    String name,
    double ours,
    String unit,
    Map<String, Double> peers,
    String rate,
    double low,
    double high,
    int runs,
    Map<String, Double> details,
    String device,
    String driver,
    String commit,
    String date,
    String command) {

  private static final ObjectMapper JSON = new ObjectMapper();

  /** Creates a record without details, with the driver of this machine. */
  public BenchRecord(
      String bench,
      String name,
      double ours,
      String unit,
      Map<String, Double> peers,
      String rate,
      double low,
      double high,
      int runs,
      String device,
      String commit,
      String date,
      String command) {
    this(
        bench,
        name,
        ours,
        unit,
        peers,
        rate,
        low,
        high,
        runs,
        Map.of(),
        device,
        Machine.driver(),
        commit,
        date,
        command);
  }

  /** Returns a copy with more peers; those it has keep their value. */
  public BenchRecord withPeers(Map<String, Double> more) {
    Map<String, Double> all = new LinkedHashMap<>(more);
    all.putAll(peers);
    return new BenchRecord(
        bench, name, ours, unit, all, rate, low, high, runs, details, device, driver, commit, date,
        command);
  }

  /** Returns the record as one line of JSON, without a line end. */
  public String toJson() {
    ObjectNode node = JSON.createObjectNode();
    node.put("bench", bench).put("case", name).put("ours", rounded(ours)).put("unit", unit);
    ObjectNode others = node.putObject("peers");
    peers.forEach((peer, value) -> others.put(peer, rounded(value)));
    node.put("rate", rate);
    node.putArray("spread").add(rounded(low)).add(rounded(high));
    node.put("runs", runs);
    if (!details.isEmpty()) {
      ObjectNode more = node.putObject("details");
      details.forEach((detail, value) -> more.put(detail, rounded(value)));
    }
    node.put("device", device);
    if (driver != null) {
      node.put("driver", driver);
    }
    node.put("commit", commit).put("date", date).put("command", command);
    return node.toString();
  }

  /** Rounds to four digits, or to a tenth where that is more. */
  static double rounded(double value) {
    double size = Math.abs(value);
    double scale = size >= 100 || size == 0 ? 10 : Math.pow(10, 3 - Math.floor(Math.log10(size)));
    return Math.round(value * scale) / scale;
  }
}
