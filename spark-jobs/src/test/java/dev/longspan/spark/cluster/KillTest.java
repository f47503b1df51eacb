package dev.longspan.spark.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.spark.Child;
import dev.longspan.spark.Rows;
import dev.longspan.spark.TinyModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** kill -9 in the middle, and the same command again. */
@Tag("cluster")
class KillTest {
  private static final int ROWS = 16;
  @TempDir private Path temp;

  @Test
  void everyKeyComesOnceAndNothingFinishedIsComputedAgain() throws Exception {
    Path model = TinyModel.write(temp.resolve("model"), 8192, 3);
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < ROWS; i++) {
      lines.append("{\"id\":\"row-%d\",\"text\":\"Story number %d.\"}%n".formatted(i, i));
    }
    Path input = Files.writeString(temp.resolve("in.jsonl"), lines);
    Path run = temp.resolve("run");
    Path generations = Files.createDirectories(temp.resolve("run").resolve("generations"));
    Files.delete(generations);
    Object[] words = {
      "generate",
      "--model",
      model,
      "--input",
      input,
      "--out",
      run,
      "--attention",
      "dense",
      "--max-new-tokens",
      "4000",
      "--max-sequences",
      "1",
      "--partitions",
      "2",
      "--flush-seconds",
      "1",
      "--master",
      "local[2]"
    };

    Child first = Child.java(temp.resolve("first.log"), Map.of(), words);
    awaitAnswer(run, first);
    first.kill();

    Map<String, String> texts = texts(run);
    assertTrue(!texts.isEmpty() && texts.size() < ROWS, texts.size() + " rows when killed");
    tear(Rows.files(run).get(0), generations.resolve("part-torn.parquet"));
    Files.writeString(generations.resolve("part-garbage.parquet"), "no Parquet at all");

    Child second = Child.java(temp.resolve("second.log"), Map.of(), words);
    assertEquals(0, second.await(), second.output());

    assertTrue(
        second.output().contains(ROWS + " rows, " + texts.size() + " of them from before."),
        second.output());
    assertTrue(second.output().contains("part-garbage.parquet is torn"), second.output());
    List<String> keys = Rows.column(run, "key");
    assertEquals(ROWS, keys.size());
    assertEquals(ROWS, new HashSet<>(keys).size());
    Rows.of(run).forEach(row -> assertEquals(null, Rows.errorCode(row)));
    Map<String, String> after = texts(run);
    texts.forEach((key, text) -> assertEquals(text, after.get(key)));
  }

  /** Waits until the first file of answers is there. */
  private static void awaitAnswer(Path run, Child child) throws Exception {
    Path generations = run.resolve("generations");
    try (WatchService watch = run.getFileSystem().newWatchService()) {
      run.register(watch, StandardWatchEventKinds.ENTRY_CREATE);
      boolean below = false;
      for (int i = 0; i < 1200; i++) {
        if (Files.isDirectory(generations)) {
          if (!below) {
            generations.register(watch, StandardWatchEventKinds.ENTRY_CREATE);
            below = true;
          }
          if (!Rows.files(run).isEmpty()) {
            return;
          }
        }
        assertTrue(child.isAlive(), child.output());
        WatchKey key = watch.poll(250, TimeUnit.MILLISECONDS);
        if (key != null) {
          key.pollEvents();
          key.reset();
        }
      }
    }
    throw new AssertionError("no answer came:\n" + child.output());
  }

  private static void tear(Path file, Path target) throws IOException {
    byte[] content = Files.readAllBytes(file);
    Files.write(target, Arrays.copyOf(content, content.length - 20));
  }

  private static Map<String, String> texts(Path run) {
    Map<String, String> texts = new TreeMap<>();
    Rows.of(run).forEach(row -> texts.put(row.getString("key", 0), row.getString("text", 0)));
    return texts;
  }
}
