package dev.longspan.spark.suite;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.datasets.Sample;
import dev.longspan.datasets.ruler.Ruler;
import dev.longspan.datasets.ruler.RulerOptions;
import dev.longspan.spark.job.Digest;
import dev.longspan.spark.run.Json;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

/**
 * RULER, whose samples are generated: a part is a task at a length.
 *
 * @param tasks of the suite
 * @param lengths in tokens
 * @param samples per task and length
 * @param seed of their generation
 * @param templates file with the wording, or null
 * @param haystack file or folder with books, or null
 * @param squad file for qa_1, or null
 * @param hotpot file for qa_2, or null
 */
public record RulerSuite(
    List<String> tasks,
    List<Integer> lengths,
    int samples,
    long seed,
    String templates,
    String haystack,
    String squad,
    String hotpot)
    implements SuiteSpec {

  /** Copies the lists. */
  public RulerSuite {
    tasks = List.copyOf(tasks);
    lengths = List.copyOf(lengths);
  }

  private record Cell(RulerSuite suite, String task, int length) implements Part {
    @Override
    public String name() {
      return task + "-" + length;
    }

    @Override
    public List<Sample> samples(PromptTools tools) {
      return suite.generator().cell(task, length, tools.counter());
    }
  }

  @Override
  public String name() {
    return Ruler.SUITE;
  }

  @Override
  public List<? extends Part> parts() {
    List<Cell> cells = new ArrayList<>();
    for (String task : tasks) {
      for (int length : lengths) {
        cells.add(new Cell(this, task, length));
      }
    }
    return cells;
  }

  /**
   * Returns the generator, with its files read.
   *
   * @throws dev.longspan.datasets.DatasetException if an option or a file can't be used
   */
  public Ruler generator() {
    return Ruler.of(
        new RulerOptions(
            tasks,
            lengths,
            samples,
            seed,
            path(templates),
            path(haystack),
            path(squad),
            path(hotpot)));
  }

  private static Path path(String name) {
    return name == null ? null : Path.of(name);
  }

  @Override
  public ObjectNode manifest() {
    ObjectNode node =
        Json.MAPPER.createObjectNode().put("name", name()).put("version", Ruler.VERSION);
    tasks.forEach(node.putArray("tasks")::add);
    lengths.forEach(node.putArray("lengths")::add);
    return node.put("samples", samples)
        .put("seed", seed)
        .put("haystack", source(haystack, "generated"))
        .put("questions", source(squad, "generated") + ", " + source(hotpot, "generated"))
        .put("templates", source(templates, "default"));
  }

  @Override
  public String recipe() {
    return new Digest()
        .add(name())
        .add(Ruler.VERSION)
        .add(samples)
        .add(seed)
        .add(source(templates, ""))
        .add(source(haystack, ""))
        .add(source(squad, ""))
        .add(source(hotpot, ""))
        .hex();
  }

  private static String source(String file, String none) {
    if (file == null) {
      return none;
    }
    Path path = Path.of(file);
    return path.getFileName() + ":" + contentDigest(path).substring(0, 12);
  }

  private static String contentDigest(Path root) {
    try (Stream<Path> tree = Files.walk(root)) {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      for (Path file : (Iterable<Path>) tree.filter(Files::isRegularFile).sorted()::iterator) {
        try (DigestInputStream in = new DigestInputStream(Files.newInputStream(file), sha)) {
          in.transferTo(OutputStream.nullOutputStream());
        }
      }
      return HexFormat.of().formatHex(sha.digest());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
