package dev.longspan.datasets.ruler;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.longspan.datasets.Sample;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Official templates and question files, which the project does not hold: a folder with {@code
 * templates/ruler.json} and {@code ruler/*.json.gz}, named by the variable LONGSPAN_CROSSCHECK.
 */
class CrosscheckTest {
  private static final String VARIABLE = "LONGSPAN_CROSSCHECK";

  @TempDir Path temp;
  private Path folder;

  @BeforeEach
  void findFolder() {
    String name = System.getenv(VARIABLE);
    assumeTrue(name != null, VARIABLE + " names no folder with official files");
    folder = Path.of(name);
  }

  @Test
  void theOfficialTemplatesServeEveryTask() {
    RulerOptions options =
        RulerOptions.of(Ruler.TASKS, List.of(512, 4096), 2, 1)
            .withTemplates(folder.resolve("templates/ruler.json"));
    for (Sample sample : Ruler.generate(options, Counters.PIECES)) {
      String all = sample.messages().get(0).content() + sample.answerPrefix();
      assertTrue(Counters.PIECES.fill(sample) <= 1);
      assertTrue(Counters.PIECES.fill(sample) > 0.9, sample.task() + sample.info());
      assertEquals(0, all.chars().filter(c -> c == '{' || c == '}').count(), sample.task());
    }
  }

  @Test
  void officialQuestionsFillTheirLength() throws IOException {
    RulerOptions options =
        RulerOptions.of(List.of("qa_1", "qa_2"), List.of(1024, 4096, 16_384), 20, 1)
            .withQuestions(
                unpack("squad-dev-v2.0.half.json"),
                unpack("hotpotqa.official-layout.first100.json"));
    double sum = 0;
    List<Sample> samples = Ruler.generate(options, Counters.PIECES);
    for (Sample sample : samples) {
      assertTrue(Counters.PIECES.fill(sample) <= 1);
      sum += Counters.PIECES.fill(sample);
      String text = sample.messages().get(0).content();
      boolean answered = sample.references().stream().anyMatch(text::contains);
      boolean comparison = sample.references().get(0).matches("yes|no");
      assertTrue(answered || comparison, sample.references().toString());
    }
    assertTrue(sum / samples.size() > 0.95);
  }

  private Path unpack(String name) throws IOException {
    Path file = temp.resolve(name);
    try (InputStream in =
        new GZIPInputStream(Files.newInputStream(folder.resolve("ruler/" + name + ".gz")))) {
      Files.copy(in, file);
    }
    return file;
  }
}
