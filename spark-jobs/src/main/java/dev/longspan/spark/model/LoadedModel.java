package dev.longspan.spark.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.kernels.checkpoint.Checkpoint;
import dev.longspan.kernels.checkpoint.CheckpointException;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.ModelConfigReader;
import dev.longspan.kernels.tokenizer.Tokenizer;
import dev.longspan.spark.UsageException;
import dev.longspan.spark.run.Json;
import dev.longspan.spark.run.Locations;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;

/**
 * What the driver knows of a model: everything but its weights.
 *
 * @param location local folder or URI, as the executors shall open it
 * @param config shape and constants
 * @param digest of config.json and all weights
 * @param tokenizerDigest of the tokenizer
 * @param templateDigest of the chat template
 * @param parameters number of weights
 */
public record LoadedModel(
    String location,
    ModelConfig config,
    String digest,
    String tokenizerDigest,
    String templateDigest,
    long parameters) {

  /**
   * Reads config.json and the tokenizer, checks the headers of the weights and digests them.
   *
   * @param location a local folder or a URI
   * @throws UsageException if it is no model that can be run; the message names the file
   */
  public static LoadedModel open(String location, Configuration configuration) {
    Path folder = ModelCache.ofUser(configuration).localise(location);
    try (Checkpoint checkpoint = Checkpoint.open(folder);
        Tokenizer tokenizer = Tokenizer.load(folder)) {
      return new LoadedModel(
          Locations.isUri(location) ? location : folder.toString(),
          ModelConfigReader.read(folder),
          checkpoint.digest(),
          tokenizer.digest(),
          tokenizer.templateDigest(),
          checkpoint.parameters());
    } catch (CheckpointException e) {
      throw new UsageException(e.getMessage(), e);
    }
  }

  /** Returns the model's tokenizer, for those who prepare samples. */
  public TokenizerSpec tokenizer() {
    return new TokenizerSpec(location, tokenizerDigest, templateDigest, config.maxPositions());
  }

  /** Returns the part of the manifest about the model. */
  public ObjectNode manifest() {
    return Json.MAPPER
        .createObjectNode()
        .put("name", name())
        .put("path", location)
        .put("digest", digest)
        .put("architecture", config.architecture())
        .put("parameters", parameters)
        .put("tokenizer_digest", tokenizerDigest)
        .put("template_digest", templateDigest);
  }

  /** Returns the name of its folder. */
  public String name() {
    String trimmed = location.replaceAll("/+$", "");
    return trimmed.substring(trimmed.lastIndexOf('/') + 1);
  }
}
