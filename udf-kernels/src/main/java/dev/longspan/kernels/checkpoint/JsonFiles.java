package dev.longspan.kernels.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads the JSON files of a model folder; a key that occurs twice is an error, not a choice. */
public final class JsonFiles {
  private static final JsonMapper STRICT =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private JsonFiles() {}

  /**
   * Reads a file that holds one JSON object.
   *
   * @throws CheckpointException if the file is missing, unreadable or not one JSON object
   */
  public static JsonNode readObject(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new CheckpointException(
          file + " does not exist: a Hugging Face model folder holds it; check the path");
    }
    try {
      return object(file.toString(), Files.readAllBytes(file));
    } catch (IOException e) {
      throw new CheckpointException(file + " cannot be read: " + e, e);
    }
  }

  /**
   * Reads one JSON object from UTF-8 text.
   *
   * @param where names the text in messages
   * @throws CheckpointException if it is not one JSON object
   */
  static JsonNode object(String where, byte[] utf8) throws IOException {
    try {
      JsonNode node = STRICT.readTree(utf8);
      if (node == null || !node.isObject()) {
        throw new CheckpointException(
            where + " does not hold a JSON object: the file is damaged, fetch it again");
      }
      return node;
    } catch (JsonProcessingException e) {
      throw new CheckpointException(
          where
              + " is not valid JSON ("
              + e.getOriginalMessage()
              + (e.getLocation() == null
                  ? ""
                  : ", line "
                      + e.getLocation().getLineNr()
                      + " column "
                      + e.getLocation().getColumnNr())
              + "): the file is damaged, fetch it again",
          e);
    }
  }
}
