package dev.longspan.spark.model;

import dev.longspan.kernels.checkpoint.CheckpointException;
import dev.longspan.kernels.model.ModelConfigReader;
import dev.longspan.kernels.tokenizer.Tokenizer;
import dev.longspan.spark.UsageException;
import dev.longspan.spark.run.Locations;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;

/**
 * A tokenizer that samples are prepared with, wherever that happens.
 *
 * @param location local folder or URI; null for none
 * @param digest of tokenizer.json
 * @param templateDigest of the chat template
 * @param window tokens that the model beside it can hold; 0 if that is not known
 */
public record TokenizerSpec(String location, String digest, String templateDigest, int window)
    implements Serializable {
  /** No tokenizer: texts are taken as they are. */
  public static final TokenizerSpec NONE = new TokenizerSpec(null, "none", "none", 0);

  private static final String CONFIG = "config.json";

  /**
   * Reads a folder with a tokenizer; there need be no model in it.
   *
   * @param location a local folder or a URI
   * @throws UsageException if there is no tokenizer, or config.json is there and cannot be used
   */
  public static TokenizerSpec open(String location, Configuration configuration) {
    Path folder = ModelCache.ofUser(configuration).localise(location);
    try (Tokenizer tokenizer = Tokenizer.load(folder)) {
      return new TokenizerSpec(
          Locations.isUri(location) ? location : folder.toString(),
          tokenizer.digest(),
          tokenizer.templateDigest(),
          Files.exists(folder.resolve(CONFIG)) ? ModelConfigReader.read(folder).maxPositions() : 0);
    } catch (CheckpointException e) {
      throw new UsageException(e.getMessage(), e);
    }
  }

  /**
   * Loads it.
   *
   * @param configuration finds it where it is not local
   */
  public Tokenizer load(Configuration configuration) {
    return Tokenizer.load(ModelCache.ofUser(configuration).localise(location));
  }
}
