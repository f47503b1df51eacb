package dev.longspan.spark.job;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.eval.Generation;
import dev.longspan.spark.Rows;
import dev.longspan.spark.run.GenerationTable;
import dev.longspan.spark.run.RowParquet;
import dev.longspan.spark.run.RowSink;
import dev.longspan.spark.run.RunFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Answers survive torn files, kills between two steps, and rows that were written twice. */
class GenerationStoreTest {
  private static final Configuration CONFIGURATION = new Configuration();
  private static SparkSession spark;
  @TempDir private Path run;
  private Path folder;
  private GenerationStore store;

  @BeforeAll
  static void start() {
    spark =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "2")
            .getOrCreate();
  }

  @AfterAll
  static void stop() throws IOException {
    spark.close();
  }

  @BeforeEach
  void open() throws IOException {
    folder = Files.createDirectories(run.resolve("generations"));
    store = new GenerationStore(spark, RunFolder.open(run.toString(), CONFIGURATION));
  }

  private static Row row(String key, String error) {
    return GenerationTable.row(
        new Generation(
            key,
            "s",
            "t",
            0,
            key,
            0,
            "dense",
            error == null ? "text of " + key : "",
            3,
            2,
            error == null ? "stop" : "error",
            error,
            error == null ? null : "why",
            0.5,
            0.25));
  }

  private Path write(String name, Row... rows) throws IOException {
    Path file = folder.resolve(name);
    RowParquet.write(
        CONFIGURATION,
        new org.apache.hadoop.fs.Path(file.toUri()),
        GenerationTable.SCHEMA,
        Arrays.asList(rows));
    return file;
  }

  private List<String> finished(boolean retryErrors) throws IOException {
    return store.finished(retryErrors).as(Encoders.STRING()).collectAsList().stream()
        .sorted()
        .toList();
  }

  private void compact(String... planned) throws IOException {
    store.compact(spark.createDataset(List.of(planned), Encoders.STRING()).toDF("key"));
  }

  @Test
  void rowsComeBackAsTheyWere() throws IOException {
    write("a.parquet", row("k1", null), row("k2", "PROMPT_TOO_LONG"));

    List<Generation> rows = RunData.generations(store.rows().orderBy("key"));

    assertEquals(GenerationTable.generation(row("k1", null)), rows.get(0));
    assertEquals(GenerationTable.generation(row("k2", "PROMPT_TOO_LONG")), rows.get(1));
  }

  @Test
  void tornAndForeignFilesAreSetAsideAndTheRestIsKept() throws IOException {
    write("good.parquet", row("k1", null));
    Path torn = write("torn.parquet", row("k2", null), row("k3", null));
    byte[] content = Files.readAllBytes(torn);
    Files.write(torn, Arrays.copyOf(content, content.length / 2));
    Path flipped = write("flipped.parquet", row("k4", null));
    content = Files.readAllBytes(flipped);
    content[60] ^= 0x55;
    Files.write(flipped, content);
    Files.writeString(folder.resolve("garbage.parquet"), "PAR1 is how it begins, no more");
    Files.write(folder.resolve("empty.parquet"), new byte[0]);
    Files.write(folder.resolve(".part-x.parquet.1.tmp"), new byte[10], StandardOpenOption.CREATE);

    store.repair();

    assertEquals(List.of("k1"), finished(false));
    assertEquals(List.of(folder.resolve("good.parquet")), Rows.files(run));
    assertTrue(Files.exists(folder.resolve("_broken-torn.parquet")));
    assertTrue(Files.exists(folder.resolve("_broken-flipped.parquet")));
    assertFalse(Files.exists(folder.resolve(".part-x.parquet.1.tmp")));
  }

  @Test
  void onlyFailuresThatSayNothingAboutTheRowAreTriedAgain() throws IOException {
    write(
        "a.parquet",
        row("answer", null),
        row("long", "PROMPT_TOO_LONG"),
        row("engine", "ENGINE_FAILED"),
        row("cancelled", "CANCELLED"));

    assertEquals(List.of("answer", "long"), finished(false));
    assertEquals(List.of("answer"), finished(true));
  }

  @Test
  void compactionLeavesEachPlannedKeyOnceAndPrefersAnswers() throws IOException {
    write("a.parquet", row("k1", "ENGINE_FAILED"), row("k2", null));
    write("b.parquet", row("k1", null), row("k2", null), row("dropped", null));

    compact("k1", "k2");

    assertEquals(List.of("k1", "k2"), Rows.column(run, "key"));
    Rows.of(run).forEach(row -> assertEquals(null, Rows.errorCode(row)));
    assertFalse(Files.exists(folder.resolve("a.parquet")));
    List<Path> files = Rows.files(run);
    compact("k1", "k2");
    assertEquals(files, Rows.files(run), "a folder that is fine was written again");
  }

  @Test
  void manySmallFilesBecomeOne() throws IOException {
    List<String> keys = new ArrayList<>();
    for (int i = 10; i < 30; i++) {
      write("part-" + i + ".parquet", row("k" + i, null));
      keys.add("k" + i);
    }

    compact(keys.toArray(String[]::new));

    assertEquals(1, Rows.files(run).size());
    assertEquals(keys, Rows.column(run, "key"));
  }

  @Test
  void aSinkCommitsWhatItGotAndARetryFindsIt() throws IOException {
    org.apache.hadoop.fs.Path target = new org.apache.hadoop.fs.Path(folder.toUri());
    String prefix = RowSink.prefix("job", 3);
    try (RowSink sink =
        new RowSink(CONFIGURATION, GenerationTable.SCHEMA, target, prefix, 0, 600)) {
      for (int i = 0; i < 300; i++) {
        sink.add(row("k" + i, null));
      }
      assertEquals(1, Rows.files(run).size(), "a full buffer is not committed");
    }
    assertEquals(300, Rows.of(run).size());
    try (RowSink other =
        new RowSink(
            CONFIGURATION, GenerationTable.SCHEMA, target, RowSink.prefix("job", 4), 0, 600)) {
      other.add(row("elsewhere", null));
    }

    Set<String> written = GenerationStore.written(CONFIGURATION, folder.toUri().toString(), prefix);

    assertEquals(300, written.size());
    assertFalse(written.contains("elsewhere"));
  }

  @Test
  void aFailedWriteLeavesNothing() throws IOException {
    Row bad = org.apache.spark.sql.RowFactory.create(row("k", null).getString(0), 7);
    assertThrows(RuntimeException.class, () -> write("bad.parquet", bad));
    try (var list = Files.list(folder)) {
      assertEquals(List.of(), list.toList());
    }
  }
}
