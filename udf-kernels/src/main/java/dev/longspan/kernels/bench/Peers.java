package dev.longspan.kernels.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What other software needs for the same cases, to stand beside our figures: the lines that {@code
 * udf-kernels/benchmarks/peers.py} prints.
 *
 * <p>A line belongs to a record of the same bench in whose case all words of its own case stand, in
 * their order: {@code prefill 32768 32/2x128} to {@code prefill infllm-v2 32768 32/2x128 topk96
 * random}, since a peer knows neither our methods nor our inputs.
 */
public final class Peers {
  /** No peers. */
  public static final Peers NONE = new Peers(List.of());

  private static final ObjectMapper JSON = new ObjectMapper();

  private record Line(String bench, List<String> words, String unit, Map<String, Double> peers) {}

  private final List<Line> lines;

  private Peers(List<Line> lines) {
    this.lines = lines;
  }

  /**
   * Reads a file of JSON lines.
   *
   * @throws IllegalArgumentException if it cannot be read or a line is no peer; the message says
   *     where and why
   */
  public static Peers read(Path file) {
    List<Line> lines = new ArrayList<>();
    int number = 0;
    try {
      for (String text : Files.readAllLines(file)) {
        number++;
        if (!text.isBlank()) {
          lines.add(line(JSON.readTree(text)));
        }
      }
    } catch (JsonProcessingException e) {
      throw wrong(file, number, e.getOriginalMessage());
    } catch (IOException e) {
      throw new IllegalArgumentException("peers file " + file + " cannot be read: " + e);
    } catch (IllegalArgumentException e) {
      throw wrong(file, number, e.getMessage());
    }
    return new Peers(lines);
  }

  private static IllegalArgumentException wrong(Path file, int line, String reason) {
    return new IllegalArgumentException(
        String.format(
            "peers file %s, line %d: %s; peers.py writes {\"bench\": ..., \"case\": ...,"
                + " \"unit\": ..., \"peers\": {name: number}}",
            file, line, reason));
  }

  private static Line line(JsonNode node) {
    Map<String, Double> peers = new LinkedHashMap<>();
    for (Iterator<Map.Entry<String, JsonNode>> i = node.path("peers").fields(); i.hasNext(); ) {
      Map.Entry<String, JsonNode> peer = i.next();
      if (!peer.getValue().isNumber()) {
        throw new IllegalArgumentException("peer '" + peer.getKey() + "' is no number");
      }
      peers.put(peer.getKey(), peer.getValue().asDouble());
    }
    return new Line(
        text(node, "bench"), words(text(node, "case")), text(node, "unit"), Map.copyOf(peers));
  }

  private static String text(JsonNode node, String field) {
    if (!node.path(field).isTextual()) {
      throw new IllegalArgumentException("'" + field + "' is missing or no text");
    }
    return node.path(field).asText();
  }

  private static List<String> words(String text) {
    return List.of(text.split("[\\s,]+"));
  }

  /**
   * Returns a record with the peers of its case.
   *
   * @throws IllegalArgumentException if they were measured in another unit
   */
  public BenchRecord addTo(BenchRecord record) {
    BenchRecord result = record;
    for (Line line : lines) {
      if (line.bench.equals(record.bench()) && within(words(record.name()), line.words)) {
        if (!line.unit.equals(record.unit())) {
          throw new IllegalArgumentException(
              String.format(
                  "peers of '%s' are in %s, but ours is in %s",
                  record.name(), line.unit, record.unit()));
        }
        result = result.withPeers(line.peers);
      }
    }
    return result;
  }

  private static boolean within(List<String> all, List<String> words) {
    int next = 0;
    for (String word : all) {
      if (next < words.size() && word.equals(words.get(next))) {
        next++;
      }
    }
    return next == words.size();
  }
}
