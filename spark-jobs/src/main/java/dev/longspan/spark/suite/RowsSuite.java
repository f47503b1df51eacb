package dev.longspan.spark.suite;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.datasets.MiddleCut;
import dev.longspan.datasets.RowSelection;
import dev.longspan.datasets.RowSelection.Selected;
import dev.longspan.datasets.RowSuite;
import dev.longspan.datasets.Sample;
import dev.longspan.datasets.SourceRow;
import dev.longspan.spark.UsageException;
import dev.longspan.spark.input.DataFiles;
import dev.longspan.spark.job.Digest;
import dev.longspan.spark.run.Json;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A suite whose samples are made of the rows of files, or of its own rows where there are none.
 *
 * <p>Which rows are asked is decided once, in the driver; a part is a few dozen of them, and reads
 * them again where it is prepared.
 *
 * @param source of the rows
 * @param selected the samples, in order
 * @param rows number of rows read
 * @param unused number of rows that no sample is made of
 * @param absent tasks without a row
 */
public record RowsSuite(
    Source source, List<Selected> selected, int rows, int unused, List<String> absent)
    implements SuiteSpec {
  private static final Logger LOG = LoggerFactory.getLogger(RowsSuite.class);
  private static final int ROWS_PER_PART = 48;
  private static final int DIGEST = 12;

  /**
   * Where rows come from and what becomes of them.
   *
   * @param suite how rows become samples
   * @param data name of the rows: {@code own-...}, or that of the location with a digest
   * @param files of the rows; none for the suite's own
   * @param maxPromptTokens limit of prompts; null for the suite's own
   */
  public record Source(RowSuite suite, String data, List<String> files, Integer maxPromptTokens)
      implements Serializable {
    /** Copies the list. */
    public Source {
      files = List.copyOf(files);
    }

    /** Takes the user's limit, or the suite's for that window, or none where that is not known. */
    private int limit(int window) {
      if (maxPromptTokens != null) {
        return maxPromptTokens;
      }
      return window == 0 ? MiddleCut.NO_LIMIT : suite.promptLimit(window);
    }

    private Stream<SourceRow> rows(Configuration configuration, String name) throws IOException {
      if (files.isEmpty()) {
        return suite.own().stream();
      }
      for (String file : files) {
        if (DataFiles.name(file).equals(name)) {
          return DataFiles.rows(configuration, file);
        }
      }
      throw new IllegalStateException("no file " + name + " among " + files);
    }
  }

  /** Copies the lists. */
  public RowsSuite {
    selected = List.copyOf(selected);
    absent = List.copyOf(absent);
  }

  /**
   * Reads the rows and chooses among them.
   *
   * @param location of the files; null for the suite's own rows
   * @param tasks the wanted ones; null for the usual ones that have rows
   * @param limit most samples of a task; 0 for all
   * @param maxPromptTokens limit of prompts; null for the suite's own
   * @param wanted which rows may be asked at all
   * @throws UsageException if there are no files, or a named task has no row
   * @throws dev.longspan.datasets.DatasetException if a row is malformed or there twice
   */
  public static RowsSuite open(
      RowSuite suite,
      String location,
      List<String> tasks,
      int limit,
      Integer maxPromptTokens,
      Predicate<SourceRow> wanted,
      Configuration configuration) {
    RowSelection selection =
        new RowSelection(suite, tasks == null ? suite.usualTasks() : tasks, limit);
    List<String> files =
        location == null ? List.of() : DataFiles.find("--data", location, configuration);
    String data = "own-v" + suite.version();
    try {
      if (location == null) {
        suite.own().forEach(row -> add(selection, row, wanted));
      } else {
        for (String file : files) {
          try (Stream<SourceRow> rows = DataFiles.rows(configuration, file)) {
            rows.forEach(row -> add(selection, row, wanted));
          }
        }
        String name = location.replaceAll("/+$", "").replaceAll(".*/", "");
        data = name + ":" + DataFiles.digest(configuration, files).substring(0, DIGEST);
      }
    } catch (IOException e) {
      throw new UsageException("--data " + location + " can't be read: " + e.getMessage(), e);
    }
    List<Selected> selected = selection.selected();
    List<String> absent =
        selection.absent().stream().filter(task -> !task.equals(RowSuite.OWN)).toList();
    if (!absent.isEmpty() && tasks != null) {
      throw new UsageException(
          String.format(
              "--tasks: %s of %s has no row in %s.",
              String.join(", ", absent),
              suite.name(),
              location == null ? "our own samples; name the data with --data" : location));
    }
    if (!absent.isEmpty() && location != null) {
      LOG.warn(
          "{} has no rows for {} of {}: not asked",
          location,
          String.join(", ", absent),
          suite.name());
    }
    return new RowsSuite(
        new Source(suite, data, files, maxPromptTokens),
        selected,
        selection.rows(),
        selection.unused(),
        location == null ? List.of() : absent);
  }

  private static void add(RowSelection selection, SourceRow row, Predicate<SourceRow> wanted) {
    if (wanted.test(row)) {
      selection.add(row);
    } else {
      selection.skip();
    }
  }

  @Override
  public String name() {
    return source.suite.name();
  }

  @Override
  public ObjectNode manifest() {
    ObjectNode node =
        Json.MAPPER
            .createObjectNode()
            .put("name", name())
            .put("version", source.suite.version())
            .put("data", source.data)
            .put("templates", source.suite.templates());
    selected.stream().map(s -> s.name().task()).distinct().forEach(node.putArray("tasks")::add);
    node.put("samples", selected.size()).put("rows_read", rows).put("rows_not_asked", unused);
    if (!absent.isEmpty()) {
      absent.forEach(node.putArray("tasks_without_rows")::add);
    }
    if (source.maxPromptTokens != null) {
      node.put("max_prompt_tokens", source.maxPromptTokens);
    }
    return node;
  }

  @Override
  public String recipe() {
    Digest digest =
        new Digest()
            .add(name())
            .add(source.suite.version())
            .add(source.data)
            .add(source.suite.toString())
            .add(String.valueOf(source.maxPromptTokens));
    selected.forEach(s -> digest.add(s.name().task()).add(s.name().id()).add(s.index()));
    return digest.hex();
  }

  @Override
  public List<? extends Part> parts() {
    return parts(ROWS_PER_PART);
  }

  /** Returns parts of at most {@code size} samples of one task each. */
  List<Slice> parts(int size) {
    Map<String, List<Selected>> tasks =
        selected.stream()
            .collect(
                Collectors.groupingBy(
                    s -> s.name().task(), LinkedHashMap::new, Collectors.toList()));
    List<Slice> slices = new ArrayList<>();
    tasks.forEach(
        (task, all) -> {
          for (int from = 0; from < all.size(); from += size) {
            List<Selected> some = List.copyOf(all.subList(from, Math.min(all.size(), from + size)));
            slices.add(new Slice(source, task, from / size, some));
          }
        });
    return slices;
  }

  /** Consecutive samples of one task. */
  record Slice(Source source, String task, int number, List<Selected> selected) implements Part {
    @Override
    public String name() {
      return String.format(Locale.ROOT, "%s-%04d", task, number);
    }

    @Override
    public List<Sample> samples(PromptTools tools) throws IOException {
      Map<String, TreeMap<Integer, Integer>> places = new LinkedHashMap<>();
      for (int i = 0; i < selected.size(); i++) {
        Selected one = selected.get(i);
        places.computeIfAbsent(one.file(), f -> new TreeMap<>()).put(one.index(), i);
      }
      MiddleCut cut = tools.cut(source.limit(tools.window()));
      Map<String, String> origin = Map.of("version", source.suite.version(), "data", source.data);
      Sample[] samples = new Sample[selected.size()];
      for (Map.Entry<String, TreeMap<Integer, Integer>> file : places.entrySet()) {
        TreeMap<Integer, Integer> wanted = file.getValue();
        try (Stream<SourceRow> rows = source.rows(tools.configuration(), file.getKey())) {
          rows.takeWhile(row -> row.index() <= wanted.lastKey())
              .filter(row -> wanted.containsKey(row.index()))
              .forEach(
                  row ->
                      samples[wanted.get(row.index())] =
                          source.suite.sample(row, task, cut).withInfo(origin));
        }
      }
      return List.of(samples);
    }
  }
}
