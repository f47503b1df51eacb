package dev.longspan.spark.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.spark.UsageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunFolderTest {
  @TempDir private Path temp;

  private RunFolder open() {
    return RunFolder.open(temp.resolve("run").toString(), new Configuration());
  }

  private static ObjectNode manifest(String digest, String path) {
    ObjectNode manifest = Json.MAPPER.createObjectNode();
    manifest.putObject("model").put("digest", digest).put("path", path).put("name", path);
    manifest.putObject("hardware").put("backend", "vector").put("cores", path.length());
    manifest.putArray("suites").addObject().put("seed", 42);
    return manifest;
  }

  @Test
  void onlyOneProcessWorksInAFolder() throws IOException {
    try (RunFolder first = open()) {
      first.prepare(manifest("a", "x"), false, false);
      try (RunFolder second = open()) {
        UsageException e =
            assertThrows(
                UsageException.class, () -> second.prepare(manifest("a", "x"), false, false));
        assertTrue(e.getMessage().contains("Another process is at work"), e.getMessage());
      }
    }
    try (RunFolder third = open()) {
      third.prepare(manifest("a", "x"), false, false);
    }
  }

  @Test
  void theSameModelElsewhereIsNoDifferenceButAnotherOneIs() throws IOException {
    try (RunFolder folder = open()) {
      folder.prepare(manifest("a", "x"), false, false);
    }
    try (RunFolder folder = open()) {
      folder.prepare(manifest("a", "moved"), false, false);
    }
    try (RunFolder folder = open()) {
      UsageException e =
          assertThrows(
              UsageException.class, () -> folder.prepare(manifest("b", "x"), false, false));
      assertTrue(e.getMessage().contains("model.digest: \"a\" there, \"b\" asked"), e.getMessage());
    }
    try (RunFolder folder = open()) {
      folder.prepare(manifest("b", "x"), true, false);
      assertEquals("b", folder.manifest().at("/model/digest").asText());
    }
  }

  @Test
  void overwriteRemovesWhatBelongsToARunAndNothingElse() throws IOException {
    Path run = temp.resolve("run");
    try (RunFolder folder = open()) {
      folder.prepare(manifest("a", "x"), false, false);
    }
    Files.writeString(run.resolve("scores.json"), "{}");
    Files.writeString(run.resolve("generations").resolve("part.parquet"), "x");
    Files.writeString(run.resolve("notes.txt"), "mine");

    try (RunFolder folder = open()) {
      folder.prepare(manifest("b", "x"), false, true);
    }

    assertFalse(Files.exists(run.resolve("scores.json")));
    assertFalse(Files.exists(run.resolve("generations").resolve("part.parquet")));
    assertEquals("mine", Files.readString(run.resolve("notes.txt")));
  }

  @Test
  void aBrokenManifestIsNamed() throws IOException {
    Path run = Files.createDirectories(temp.resolve("run"));
    Files.writeString(run.resolve("manifest.json"), "{\"version\":");
    try (RunFolder folder = open()) {
      UsageException e =
          assertThrows(
              UsageException.class, () -> folder.prepare(manifest("a", "x"), false, false));
      assertTrue(e.getMessage().contains("manifest.json is no JSON"), e.getMessage());
    }
  }
}
