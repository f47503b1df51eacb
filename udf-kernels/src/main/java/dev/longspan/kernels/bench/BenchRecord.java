package dev.longspan.kernels.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
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
 * @param device processor and what the backend uses of it
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
    String device,
    String commit,
    String date,
    String command) {

  private static final ObjectMapper JSON = new ObjectMapper();

  /** Returns the record as one line of JSON, without a line end. */
  public String toJson() {
    ObjectNode node = JSON.createObjectNode();
    node.put("bench", bench).put("case", name).put("ours", rounded(ours)).put("unit", unit);
    ObjectNode others = node.putObject("peers");
    peers.forEach((peer, value) -> others.put(peer, rounded(value)));
    node.put("rate", rate);
    node.putArray("spread").add(rounded(low)).add(rounded(high));
    node.put("runs", runs).put("device", device).put("commit", commit).put("date", date);
    node.put("command", command);
    return node.toString();
  }

  private static double rounded(double value) {
    return Math.round(value * 10) / 10.0;
  }
}
