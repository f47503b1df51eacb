package dev.longspan.spark.suite;

import dev.longspan.datasets.DatasetException;
import dev.longspan.datasets.Sample;
import dev.longspan.eval.longppl.KeyText;
import dev.longspan.eval.longppl.LongPplSettings;
import dev.longspan.eval.longppl.TextSpan;
import dev.longspan.spark.UsageException;
import dev.longspan.spark.job.EngineLease;
import dev.longspan.spark.job.EngineSpec;
import dev.longspan.spark.job.Engines;
import dev.longspan.spark.run.Locations;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** Who says which tokens of a document are key tokens. */
public sealed interface KeyTokenSource extends Serializable {
  /** Returns what samples and manifests say of the source, by name. */
  Map<String, String> describe();

  /** Returns what decides the key tokens. */
  String digest();

  /**
   * Returns the key tokens of a document.
   *
   * @param number of the document among those that are asked, from 0
   */
  TextSpan[] find(int number, Sample document, Configuration configuration);

  /**
   * An evaluator model.
   *
   * @param name of the model
   * @param engine that runs it
   * @param settings what makes a key token
   */
  record Evaluator(String name, EngineSpec engine, LongPplSettings settings)
      implements KeyTokenSource {
    @Override
    public Map<String, String> describe() {
      return Map.of("evaluator", name, "key_tokens", settings.describe());
    }

    @Override
    public String digest() {
      return engine.modelDigest() + " " + settings;
    }

    @Override
    public TextSpan[] find(int number, Sample document, Configuration configuration) {
      try (EngineLease lease = Engines.acquire(engine, configuration)) {
        return new KeyTokenFinder(lease, settings).find(document.id(), document.answerPrefix());
      }
    }
  }

  /**
   * Files that were published with LongPPL, or kept of an earlier run: {@code slice_N.txt} for
   * document N, counted from 0.
   *
   * @param name of the folder
   * @param slices their content
   */
  record Files(String name, List<String> slices) implements KeyTokenSource {
    /** Copies the list. */
    public Files {
      slices = List.copyOf(slices);
    }

    /**
     * Reads a folder.
     *
     * @param count number of documents
     * @throws UsageException if a document has no file
     */
    public static Files read(String folder, int count, Configuration configuration) {
      List<String> slices = new ArrayList<>();
      try {
        Path root = Locations.path(folder);
        FileSystem files = root.getFileSystem(configuration);
        for (int i = 0; i < count; i++) {
          Path slice = new Path(root, "slice_" + i + ".txt");
          if (!files.exists(slice)) {
            throw new UsageException(
                String.format(
                    "--key-text %s has no slice_%d.txt, but %d documents are asked; name a folder"
                        + " with a file for each, or ask for fewer with --samples.",
                    folder, i, count));
          }
          try (InputStream in = files.open(slice)) {
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            KeyText.parse(Locations.name(slice), text);
            slices.add(text.strip());
          }
        }
      } catch (IOException | IllegalArgumentException e) {
        throw new UsageException("--key-text " + folder + " can't be read: " + e.getMessage(), e);
      }
      return new Files(folder.replaceAll("/+$", "").replaceAll(".*/", ""), slices);
    }

    @Override
    public Map<String, String> describe() {
      return Map.of("evaluator", name, "key_tokens", "from files");
    }

    @Override
    public String digest() {
      return slices.toString();
    }

    @Override
    public TextSpan[] find(int number, Sample document, Configuration configuration) {
      TextSpan[] spans = KeyText.parse(name + " slice " + number, slices.get(number));
      String text = document.answerPrefix();
      int length = text.codePointCount(0, text.length());
      int end = spans.length == 0 ? 0 : spans[spans.length - 1].end();
      if (end > length) {
        throw new DatasetException(
            "%s slice_%d.txt ends at character %,d, but document %s has %,d: the key tokens are of another text"
                .formatted(name, number, end, document.id(), length));
      }
      return spans;
    }
  }
}
