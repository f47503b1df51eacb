package dev.longspan.datasets.ruler;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.datasets.DatasetException;
import dev.longspan.datasets.Json;
import dev.longspan.datasets.JsonLines;
import dev.longspan.datasets.Message;
import dev.longspan.datasets.Sample;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * RULER files in the layout of the official scripts: below a folder, {@code
 * LENGTH/data/TASK/validation.jsonl} holds samples and {@code LENGTH/pred/TASK.jsonl} predictions.
 *
 * <p>Task and length come from the path. The text of a row becomes the user's turn and meets the
 * chat template of the evaluated model, so rows should have been prepared with the official {@code
 * base} template, which adds none.
 */
public final class RulerFiles {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private RulerFiles() {}

  /**
   * What a model answered to a sample.
   *
   * @param sample the sample as far as the file tells
   * @param text the answer
   */
  public record Prediction(Sample sample, String text) {}

  /**
   * Reads the samples of {@code fileOrFolder}; of a folder, all files in the official layout.
   *
   * @throws DatasetException if there are none, or a row is not a sample
   */
  public static List<Sample> read(Path fileOrFolder) {
    List<Sample> samples = new ArrayList<>();
    for (Path file : files(fileOrFolder, "data")) {
      rows(file, (row, id) -> samples.add(sample(file, row, id, row.text("answer_prefix"))));
    }
    return samples;
  }

  /**
   * Reads the predictions of {@code fileOrFolder}; of a folder, all files in the official layout.
   *
   * @throws DatasetException if there are none, or a row is not a prediction
   */
  public static List<Prediction> readPredictions(Path fileOrFolder) {
    List<Prediction> predictions = new ArrayList<>();
    for (Path file : files(fileOrFolder, "pred")) {
      rows(
          file,
          (row, id) ->
              predictions.add(new Prediction(sample(file, row, id, ""), row.text("pred"))));
    }
    return predictions;
  }

  /**
   * Writes {@code samples} below {@code folder}, one file for each length and task.
   *
   * @throws DatasetException if a sample is more than one user's turn, or a file cannot be written
   */
  public static void write(Path folder, List<Sample> samples) {
    Map<Path, List<Sample>> files = new LinkedHashMap<>();
    for (Sample sample : samples) {
      Path file =
          folder
              .resolve(String.valueOf(sample.length()))
              .resolve("data")
              .resolve(sample.task())
              .resolve("validation.jsonl");
      files.computeIfAbsent(file, f -> new ArrayList<>()).add(sample);
    }
    files.forEach(RulerFiles::writeFile);
  }

  private static void writeFile(Path file, List<Sample> samples) {
    try {
      Files.createDirectories(file.getParent());
      try (BufferedWriter writer = Files.newBufferedWriter(file)) {
        for (int index = 0; index < samples.size(); index++) {
          writer.write(MAPPER.writeValueAsString(row(index, samples.get(index))));
          writer.write('\n');
        }
      }
    } catch (IOException e) {
      throw new DatasetException("Cannot write the samples to " + file + ": " + e, e);
    }
  }

  private static ObjectNode row(int index, Sample sample) {
    if (sample.messages().size() != 1) {
      throw new DatasetException(
          "Sample %s of %s has %d messages; the official layout holds one"
              .formatted(sample.id(), sample.task(), sample.messages().size()));
    }
    String input = sample.messages().get(0).content();
    String tokens = sample.info().get("prompt_tokens");
    ObjectNode row = MAPPER.createObjectNode();
    row.put("index", index);
    row.put("input", input);
    sample.references().forEach(row.putArray("outputs")::add);
    row.put(
        "length",
        tokens == null ? sample.length() : Integer.parseInt(tokens) + sample.maxNewTokens());
    row.put("answer_prefix", sample.answerPrefix());
    // The official scripts put the offset into "index", which makes indexes collide.
    row.put("answer_offset", input.indexOf(sample.references().get(0)));
    return row;
  }

  private static Sample sample(Path file, Json row, String id, String answerPrefix) {
    String task = task(file);
    return new Sample(
        Ruler.SUITE,
        task,
        length(file),
        id,
        List.of(Message.user(row.text("input"))),
        answerPrefix,
        row.texts("outputs"),
        Wording.of(null).newTokens(task),
        Map.of("haystack", "file:" + file.getFileName(), "metric", Ruler.metric(task)));
  }

  private interface RowReader {
    void read(Json row, String id);
  }

  /** Reads rows under their index, or under their position in the file if indexes repeat. */
  private static void rows(Path file, RowReader reader) {
    try (Stream<Json> stream = JsonLines.read(file)) {
      List<Json> rows = stream.toList();
      Set<Integer> indexes = new HashSet<>();
      rows.forEach(row -> indexes.add(row.number("index")));
      for (int i = 0; i < rows.size(); i++) {
        int id = indexes.size() == rows.size() ? rows.get(i).number("index") : i;
        reader.read(rows.get(i), String.valueOf(id));
      }
    }
  }

  private static List<Path> files(Path fileOrFolder, String kind) {
    if (!Files.isDirectory(fileOrFolder)) {
      return List.of(fileOrFolder);
    }
    try (Stream<Path> walk = Files.walk(fileOrFolder)) {
      List<Path> files =
          walk.filter(file -> file.toString().endsWith(".jsonl"))
              .filter(file -> kind.equals(name(kindFolder(file))))
              .sorted()
              .toList();
      if (files.isEmpty()) {
        throw new DatasetException(
            "%s holds no RULER files; expected %s"
                .formatted(
                    fileOrFolder,
                    kind.equals("data")
                        ? "LENGTH/data/TASK/validation.jsonl"
                        : "LENGTH/pred/TASK.jsonl"));
      }
      return files;
    } catch (IOException e) {
      throw new DatasetException("Cannot read the folder " + fileOrFolder + ": " + e, e);
    }
  }

  private static boolean isData(Path file) {
    return name(file).equals("validation.jsonl");
  }

  private static String task(Path file) {
    String task = isData(file) ? name(file.toAbsolutePath().getParent()) : stem(file);
    if (!Ruler.TASKS.contains(task)) {
      throw new DatasetException(
          "%s: its path names no RULER task; expected TASK/validation.jsonl or TASK.jsonl with one of %s"
              .formatted(file, String.join(", ", Ruler.TASKS)));
    }
    return task;
  }

  /** Returns the target length that the path names, 0 if it names none. */
  private static int length(Path file) {
    Path kind = kindFolder(file);
    String length = kind == null ? "" : name(kind.getParent());
    return length.matches("\\d{1,9}") ? Integer.parseInt(length) : 0;
  }

  private static Path kindFolder(Path file) {
    Path folder = file.toAbsolutePath().getParent();
    return isData(file) && folder != null ? folder.getParent() : folder;
  }

  private static String stem(Path file) {
    return name(file).replaceFirst("\\.jsonl$", "");
  }

  private static String name(Path path) {
    return path == null || path.getFileName() == null ? "" : path.getFileName().toString();
  }
}
