package dev.longspan.spark.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.spark.UsageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.viewfs.ConfigUtil;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model behind Hadoop's FileSystem: here a view over a local folder. */
class ModelCacheTest {
  @TempDir private Path temp;
  private Path source;
  private ModelCache cache;

  @BeforeEach
  void fill() throws IOException {
    source = Files.createDirectories(temp.resolve("store").resolve("model"));
    Files.writeString(source.resolve("config.json"), "{}");
    Files.writeString(source.resolve("model.safetensors"), "weights");
    Configuration configuration = new Configuration();
    configuration.setBoolean("fs.viewfs.impl.disable.cache", true);
    ConfigUtil.addLink(configuration, "test", "/models", temp.resolve("store").toUri());
    cache = new ModelCache(temp.resolve("cache"), configuration);
  }

  private Path fetch() {
    return cache.localise("viewfs://test/models/model");
  }

  @Test
  void localFoldersAreUsedAsTheyAre() {
    assertEquals(source, cache.localise(source.toString()));
    assertEquals(source, cache.localise(source.toUri().toString()));
  }

  @Test
  void remoteFoldersAreCopiedOnce() throws IOException {
    Path copy = fetch();

    assertEquals("weights", Files.readString(copy.resolve("model.safetensors")));
    FileTime first = Files.getLastModifiedTime(copy.resolve("config.json"));
    assertEquals(copy, fetch());
    assertEquals(first, Files.getLastModifiedTime(copy.resolve("config.json")));
  }

  @Test
  void aChangedModelIsAnotherCopy() throws IOException {
    Path copy = fetch();
    Files.setLastModifiedTime(
        source.resolve("config.json"), FileTime.from(Instant.parse("2020-01-01T00:00:00Z")));

    assertNotEquals(copy, fetch());
  }

  @Test
  void aDamagedOrHalfFetchedCopyIsFetchedAgain() throws IOException {
    Path copy = fetch();
    Files.writeString(copy.resolve("model.safetensors"), "wei");
    Path partial =
        Files.createDirectories(temp.resolve("cache").resolve(copy.getFileName() + ".partial"));
    Files.writeString(partial.resolve("left-over"), "x");

    assertEquals(copy, fetch());
    assertEquals("weights", Files.readString(copy.resolve("model.safetensors")));
    try (var files = Files.list(copy)) {
      assertEquals(2, files.count());
    }
  }

  @Test
  void whatIsNotThereIsNamed() {
    UsageException e =
        assertThrows(UsageException.class, () -> cache.localise("viewfs://test/models/elsewhere"));
    assertTrue(e.getMessage().contains("viewfs://test/models/elsewhere"), e.getMessage());
    assertTrue(e.getMessage().contains("no such folder"), e.getMessage());
  }
}
