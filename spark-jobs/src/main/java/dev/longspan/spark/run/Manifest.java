package dev.longspan.spark.run;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;

/** Builds manifest.json: what ran, on what, when. */
public final class Manifest {
  private final ObjectNode root = Json.MAPPER.createObjectNode();
  private final Instant started = Instant.now();

  /** Begins with the command line. */
  public Manifest(List<String> command) {
    root.put("version", 1);
    command.forEach(root.putArray("command")::add);
  }

  /** Sets a part, for example {@code model}. */
  public Manifest with(String part, JsonNode tree) {
    root.set(part, tree);
    return this;
  }

  /** Sets a part that is a list, for example {@code methods}. */
  public Manifest with(String part, List<? extends JsonNode> trees) {
    root.putArray(part).addAll(trees);
    return this;
  }

  /** Sets the versions of the software and describes this machine. */
  public Manifest environment(String longspan, String spark, String backend) {
    root.putObject("software")
        .put("longspan", longspan)
        .put("spark", spark)
        .put("java", Runtime.version().toString())
        .put(
            "os",
            String.join(
                " ",
                System.getProperty("os.name"),
                System.getProperty("os.version"),
                System.getProperty("os.arch")));
    root.putObject("hardware")
        .put("cpu", cpu())
        .put("cores", Runtime.getRuntime().availableProcessors())
        .put("backend", backend)
        .put("heap_bytes", Runtime.getRuntime().maxMemory());
    root.putObject("times").put("started", started.truncatedTo(ChronoUnit.SECONDS).toString());
    return this;
  }

  /** Sets the end of the run and its counts. */
  public Manifest finished(long rows, long errors, long reused) {
    Instant now = Instant.now();
    root.withObject("/times")
        .put("finished", now.truncatedTo(ChronoUnit.SECONDS).toString())
        .put("wall_seconds", Duration.between(started, now).toMillis() / 1e3);
    root.putObject("counts").put("rows", rows).put("errors", errors).put("reused", reused);
    return this;
  }

  /** Returns the tree. */
  public ObjectNode json() {
    return root;
  }

  private static String cpu() {
    Path info = Path.of("/proc/cpuinfo");
    if (Files.isReadable(info)) {
      try (var lines = Files.lines(info)) {
        return lines
            .filter(line -> line.startsWith("model name"))
            .map(line -> line.substring(line.indexOf(':') + 1).trim())
            .findFirst()
            .orElse(System.getProperty("os.arch"));
      } catch (IOException e) {
        return System.getProperty("os.arch");
      }
    }
    return System.getProperty("os.arch");
  }
}
