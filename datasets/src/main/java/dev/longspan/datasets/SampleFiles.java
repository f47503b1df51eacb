package dev.longspan.datasets;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** Samples as JSON Lines: one object per line with the fields of {@link Sample}. */
public final class SampleFiles {
  private static final ObjectWriter WRITER = new ObjectMapper().writer();

  private SampleFiles() {}

  /**
   * Opens {@code file} for reading one sample at a time; the stream must be closed.
   *
   * @throws DatasetException if the file cannot be read; the stream throws it at a line that is not
   *     a sample or repeats the id of an earlier one, with file, line, field, expected and found
   */
  public static Stream<Sample> read(Path file) {
    Set<List<Object>> seen = new HashSet<>();
    return JsonLines.read(file)
        .map(
            row -> {
              Sample sample = sample(row);
              if (!seen.add(List.of(sample.suite(), sample.task(), sample.length(), sample.id()))) {
                throw row.at("id")
                    .wrong(
                        "an id that no other sample of "
                            + sample.suite()
                            + " "
                            + sample.task()
                            + " at length "
                            + sample.length()
                            + " has",
                        "\"" + sample.id() + "\" again");
              }
              return sample;
            });
  }

  /**
   * Writes {@code samples} to {@code file}, replacing it.
   *
   * @throws DatasetException if the file cannot be written
   */
  public static void write(Path file, Iterable<Sample> samples) {
    try {
      if (file.toAbsolutePath().getParent() != null) {
        Files.createDirectories(file.toAbsolutePath().getParent());
      }
      try (BufferedWriter writer = Files.newBufferedWriter(file)) {
        for (Sample sample : samples) {
          writer.write(WRITER.writeValueAsString(sample));
          writer.write('\n');
        }
      }
    } catch (IOException e) {
      throw new DatasetException("Cannot write the samples to " + file + ": " + e, e);
    }
  }

  private static Sample sample(Json row) {
    return new Sample(
        row.text("suite"),
        row.text("task"),
        row.number("length", 0),
        row.text("id"),
        row.list("messages").stream()
            .map(message -> new Message(message.text("role"), message.text("content")))
            .toList(),
        row.text("answerPrefix"),
        row.texts("references"),
        row.number("maxNewTokens", 0),
        row.map("info"));
  }
}
